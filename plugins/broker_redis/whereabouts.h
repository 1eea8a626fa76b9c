#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "address_choice.h"
#include "options.h"
#include "redis_url.h"
#include "resolver.h"
#include "sentinels.h"

namespace peer_redis {

/// Where to go for Redis: the next of the addresses that are configured, the master that a Sentinel
/// names, or the node of a Cluster that another one has named. Loop thread only.
class Whereabouts {
 public:
  struct Place {
    Endpoint endpoint;
    Address address;
  };
  /// Null: nowhere; `why`.
  using Found = std::function<void(const Place* place, std::string_view why)>;

  /// `moved`: Sentinel names another master.
  /// `lookups`: of names, together with others that look for Redis.
  Whereabouts(EventLoop& loop, const Options& options, std::shared_ptr<Lookups> lookups,
              std::function<void()> moved);

  /// Where to try next; at once or later, and not at all when asked again before.
  void find(Found found);
  /// There is more to try than has been.
  [[nodiscard]] bool has_others() const { return others_left_; }
  /// Redis has said that what we want is elsewhere: the next find() leads there. False: it has not,
  /// or it has sent us on too often.
  bool follow(std::string_view error);
  /// The last place serves its purpose.
  void worked();
  /// Tells if the last place is no more what was configured: its name leads elsewhere.
  void check(std::function<void()> gone);
  /// Only the master will do, which says so itself: one of several servers may be a replica.
  [[nodiscard]] bool needs_master() const;
  /// Redis moves by itself: it is worth trying again soon.
  [[nodiscard]] bool may_move() const { return needs_master() || followed_before_; }
  /// For people: of the last place, or of where it would be.
  [[nodiscard]] const std::string& text() const { return text_; }
  void stop();
  void flush();

 private:
  /// Tries the next of the configured addresses; after the last one comes the first.
  void find_configured();
  /// Looks the name up, and answers with the address that is to be tried.
  void find_at(const Endpoint& endpoint, AddressChoice& choice);
  /// Once for each question.
  void answer(const Place* place, std::string_view why);

  const Options& options_;
  Resolver resolver_;
  std::unique_ptr<Sentinels> sentinels_;
  std::vector<AddressChoice> choices_;  ///< one for each configured endpoint
  AddressChoice elsewhere_;             ///< for a place that another one has named
  std::size_t next_ = 0;                ///< of the configured ones
  std::size_t first_ = 0;               ///< that this round began with
  std::optional<Endpoint> named_;       ///< where to go instead
  std::optional<Endpoint> good_;        ///< that was named, and worked
  std::optional<Place> last_;
  Found found_;
  std::uint64_t question_ = 0;
  unsigned followed_ = 0;  ///< one after the other
  bool followed_before_ = false;
  bool others_left_ = false;
  std::string text_;
};

}  // namespace peer_redis
