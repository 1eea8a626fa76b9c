#include "whereabouts.h"

#include <algorithm>
#include <utility>

// In: questions where to try next, and what became of the last place. Out: an address. Three
// sources have this order: where a MOVED has led, what a Sentinel says, and the configured
// addresses in turn, beginning with the one that worked last.
namespace peer_redis {
namespace {

/// Nodes that send us to each other know no better at the moment.
constexpr unsigned kMaxFollowed = 5;

}  // namespace

Whereabouts::Whereabouts(EventLoop& loop, const Options& options, std::shared_ptr<Lookups> lookups,
                         std::function<void()> moved)
    : options_(options), resolver_(std::move(lookups)), choices_(options.endpoints.size()) {
  if (!options.sentinels.empty()) {
    sentinels_ = std::make_unique<Sentinels>(loop, options, std::move(moved));
  }
  text_ = sentinels_ ? "(unknown; of the Sentinels' master '" + options.master + "')"
                     : to_text(options.endpoints[0]);
}

void Whereabouts::stop() {
  ++question_;
  if (sentinels_) sentinels_->stop();
}

void Whereabouts::flush() {
  if (sentinels_) sentinels_->flush();
}

bool Whereabouts::needs_master() const { return sentinels_ || options_.endpoints.size() > 1; }

void Whereabouts::find(Found found) {
  found_ = std::move(found);
  const std::uint64_t question = ++question_;
  others_left_ = false;
  if (const auto there = std::exchange(named_, {})) {
    // Not behind MOVED: nodes of a Cluster name one that is dead until another one is chosen.
    others_left_ = followed_ == 0 && !sentinels_;
    return find_at(*there, elsewhere_);
  }
  if (!sentinels_) return find_configured();
  sentinels_->ask([this, question](const std::optional<Endpoint>& master, std::string_view why) {
    if (question != question_) return;
    if (!master) return answer(nullptr, why);
    find_at(*master, elsewhere_);
  });
}

void Whereabouts::find_configured() {
  const std::size_t current = next_;
  next_ = (next_ + 1) % options_.endpoints.size();
  others_left_ = next_ != first_;
  find_at(options_.endpoints[current], choices_[current]);
}

void Whereabouts::find_at(const Endpoint& endpoint, AddressChoice& choice) {
  text_ = to_text(endpoint);
  const auto take = [this, question = question_, endpoint,
                     &choice](const std::vector<Address>& found) {
    if (question != question_) return;
    if (found.empty()) return answer(nullptr, "no such host: " + endpoint.host);
    last_ = Place{endpoint, choice.next(found)};
    if (choice.has_others() && &choice != &elsewhere_) {  // before the next endpoint
      others_left_ = true;
      next_ = static_cast<std::size_t>(&choice - choices_.data());
    }
    answer(&*last_, {});
  };
  if (!endpoint.path.empty()) return take({unix_address(endpoint.path)});
  resolver_.resolve(endpoint.host, endpoint.port, take);
}

void Whereabouts::answer(const Place* place, std::string_view why) {
  if (const Found found = std::exchange(found_, {})) found(place, why);
}

bool Whereabouts::follow(std::string_view error) {
  const auto there = last_ ? parse_moved(error, last_->endpoint.host) : std::nullopt;
  if (!there || followed_ >= kMaxFollowed) {
    followed_ = 0;
    // Where it was a moment ago is worth a try before the configured ones.
    named_ = there ? std::nullopt : std::exchange(good_, {});
    return false;
  }
  ++followed_;
  followed_before_ = true;
  good_.reset();
  named_ = there;
  return true;
}

void Whereabouts::worked() {
  followed_ = 0;
  if (!last_) return;
  const auto configured =
      std::find(options_.endpoints.begin(), options_.endpoints.end(), last_->endpoint);
  if (configured == options_.endpoints.end()) {
    elsewhere_.worked();
    // Sentinels are asked each time, and know better.
    if (!sentinels_) good_ = last_->endpoint;
    return;
  }
  next_ = first_ = static_cast<std::size_t>(configured - options_.endpoints.begin());
  choices_[first_].worked();
}

// An answer without addresses says nothing: the name server may be away.
void Whereabouts::check(std::function<void()> gone) {
  if (!last_ || !last_->endpoint.path.empty()) return;
  resolver_.resolve(
      last_->endpoint.host, last_->endpoint.port,
      [this, question = question_, gone = std::move(gone)](const std::vector<Address>& found) {
        if (question != question_ || found.empty()) return;
        const auto& there = last_->address;
        if (std::find(found.begin(), found.end(), there) == found.end()) gone();
      });
}

}  // namespace peer_redis
