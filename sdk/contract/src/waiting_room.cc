#include "waiting_room.h"

#include <algorithm>
#include <exception>

#include <peer/sdk/contract/json_text.h>

#include "hostile.h"

// A server's side of one queue of tickets. In: requests, withdrawals and the time, as a test has
// them. Out: the groups that the strategy forms, and every fault in what it says. One thread, as
// the server calls a queue under one lock.
namespace peer::sdk::contract {
namespace {

constexpr std::uint32_t kLargestGroup = 10;  // the default of `match_group_max`

const Value& no_members() {
  static const Value none{Value::Object{}};
  return none;
}

/// A request of which nothing is left after the call. Who reads no values is shown none.
class FleetingRequest {
 public:
  FleetingRequest(bool reads_values, const Value& payload, std::uint32_t group_size = 0)
      : request_(request_of(payload)),
        size_(group_size == 0 ? request_.group_size : group_size),
        criteria_(reads_values ? request_.criteria : no_members()),
        key_(request_.criteria_key),
        fields_(reads_values ? payload : no_members()) {}

  [[nodiscard]] MatchRequest view() const {
    return {size_, criteria_.value(), key_.view(), fields_.value()};
  }

 private:
  OwnedRequest request_;
  std::uint32_t size_;
  FleetingValue criteria_;
  Fleeting key_;
  FleetingValue fields_;
};

std::string list_of(const std::vector<TicketId>& ids) {
  std::string text;
  for (const TicketId id : ids) text += (text.empty() ? "" : ", ") + std::to_string(id);
  return "[" + text + "]";
}

}  // namespace

OwnedRequest request_of(const Value& payload) {
  OwnedRequest request;
  const Value* size = payload.find("group_size");
  const double* number = size == nullptr ? nullptr : size->as_number();
  if (number != nullptr && *number >= 2 && *number <= kLargestGroup) {
    request.group_size = static_cast<std::uint32_t>(*number);
  }
  const Value* criteria = payload.find("criteria");
  const bool is_object = criteria != nullptr && criteria->as_object() != nullptr;
  request.criteria = is_object ? *criteria : Value{Value::Object{}};
  request.criteria_key = text_of(request.criteria);
  return request;
}

WaitingRoom::WaitingRoom(MatchStrategy& strategy, std::string_view ns, Asks asks)
    : strategy_(strategy), asks_(asks) {
  strategy.traits(traits_);
  const Fleeting name(ns);
  queue_ = strategy.make_queue_of(name.view());
}

template <typename Call>
bool WaitingRoom::run(const char* name, Call call) {
  try {
    call();
    return true;
  } catch (const std::exception& failure) {
    faults_.push_back(std::string(name) + " threw '" + failure.what() + "'");
  } catch (...) {
    faults_.push_back(std::string(name) + " threw");
  }
  return false;
}

void WaitingRoom::expect_said(bool said, const char* trait, const char* what) {
  if (!said) faults_.push_back(std::string(what) + ", and MatchTraits::" + trait + " is false");
}

void WaitingRoom::judge_words(const char* call, const std::optional<std::string>& words) {
  if (!words) return;
  if (words->empty())
    faults_.push_back(std::string(call) + " refused without words for the client");
  if (!is_utf8(*words))
    faults_.push_back(std::string(call) + " refused in words that are not UTF-8");
}

bool WaitingRoom::ask(TicketId id, const Value& payload, Instant now) {
  std::optional<std::string> refusal;
  std::uint32_t size = 0;
  bool went = run("MatchStrategy::check", [&] {
    refusal = strategy_.check(FleetingRequest(traits_.reads_values, payload).view());
  });
  if (refusal) expect_said(traits_.judges, "judges", "check() refused");
  judge_words("MatchStrategy::check", refusal);
  if (!went || refusal) return false;
  went = run("group_size", [&] {
    size = strategy_.group_size(FleetingRequest(traits_.reads_values, payload).view());
  });
  if (size != request_of(payload).group_size) {
    expect_said(traits_.judges, "judges", "group_size() is another one");
  }
  if (!went || size > kLargestGroup) return false;
  if (size < 2) {
    faults_.push_back("group_size is " + std::to_string(size) + " of " +
                      text_of(payload).substr(0, 200));
    return false;
  }
  went = run("MatchQueue::check", [&] {
    const FleetingRequest request(traits_.reads_values, payload, size);
    refusal = queue_->check({id, peer_number(static_cast<std::uint32_t>(id)), now, request.view()});
  });
  if (refusal) expect_said(traits_.judges, "judges", "check() of a queue refused");
  judge_words("MatchQueue::check", refusal);
  if (!went || refusal) return false;
  waiting_.emplace(id, Ticket{payload, size, now});
  add(id);
  return true;
}

void WaitingRoom::add(TicketId id) {
  const Ticket& ticket = waiting_.at(id);
  const bool went = run("add", [&] {
    const FleetingRequest request(traits_.reads_values, ticket.payload, ticket.group_size);
    queue_->add({id, peer_number(static_cast<std::uint32_t>(id)), ticket.enqueued, request.view()});
  });
  if (!went) waiting_.erase(id);
}

void WaitingRoom::leave(TicketId id) {
  run("remove", [&] { queue_->remove(id); });
  waiting_.erase(id);
}

std::string WaitingRoom::fault_of(const MatchGroup& group) const {
  std::vector<TicketId> sorted = group.tickets;
  std::sort(sorted.begin(), sorted.end());
  if (sorted.size() < 2) return "a group of fewer than two";
  if (std::adjacent_find(sorted.begin(), sorted.end()) != sorted.end())
    return "a group with one ticket twice";
  for (const TicketId id : sorted) {
    const auto found = waiting_.find(id);
    if (found == waiting_.end())
      return "a group with ticket " + std::to_string(id) + ", which does not wait";
    if (sorted.size() > found->second.group_size) {
      return "a group of more than ticket " + std::to_string(id) + " asks for";
    }
  }
  return {};
}

std::string WaitingRoom::fault_of_teams(const MatchGroup& group) {
  std::vector<std::vector<TicketId>> teams;
  if (!run("teams_of", [&] { teams = queue_->teams_of(group); }) || teams.empty()) return {};
  expect_said(traits_.makes_teams, "makes_teams", "teams_of() made some");
  std::vector<TicketId> members;
  for (const auto& team : teams) members.insert(members.end(), team.begin(), team.end());
  std::vector<TicketId> tickets = group.tickets;
  std::sort(members.begin(), members.end());
  std::sort(tickets.begin(), tickets.end());
  return members == tickets ? "" : "teams that are not the group's tickets, each once";
}

void WaitingRoom::take(MatchGroup& group, bool claims) {
  if (!claims) {
    for (const TicketId id : group.tickets) add(id);
    return;
  }
  for (const TicketId id : group.tickets) waiting_.erase(id);
  groups_.push_back(std::move(group.tickets));
}

MatchGroups WaitingRoom::formed(Instant now) {
  MatchGroups groups;
  run("form_groups", [&] {
    if (asks_ == Asks::kAddGroups) return queue_->add_groups(now, groups);
    for (const MatchGroup& group : queue_->form_groups(now)) {
      groups.add(group.tickets.begin(), group.tickets.end());
    }
  });
  return groups;
}

void WaitingRoom::form(Instant now, bool claims) {
  const MatchGroups groups = formed(now);
  std::vector<MatchGroup> back;
  for (std::size_t i = 0; i < groups.size(); ++i) {
    MatchGroup group{{groups[i].begin(), groups[i].end()}};
    std::string fault = fault_of(group);
    if (fault.empty()) fault = fault_of_teams(group);
    if (!fault.empty()) {
      faults_.push_back("form_groups returned " + fault + ": " + list_of(group.tickets));
      continue;
    }
    if (claims) take(group, true);
    if (!claims) back.push_back(std::move(group));
  }
  for (MatchGroup& group : back) take(group, false);
}

std::optional<Instant> WaitingRoom::next_change(Instant now) {
  constexpr std::chrono::milliseconds kSoonest{50};
  std::optional<Instant> next;
  run("next_change", [&] { next = queue_->next_change(now); });
  if (next) expect_said(traits_.changes_with_time, "changes_with_time", "next_change() knows one");
  if (next) next = std::max(*next, now + kSoonest);
  return next;
}

std::vector<TicketId> WaitingRoom::waiting() const {
  std::vector<TicketId> ids;
  for (const auto& [id, ticket] : waiting_) ids.push_back(id);
  return ids;
}

}  // namespace peer::sdk::contract
