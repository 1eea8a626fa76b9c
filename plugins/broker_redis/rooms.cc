#include "rooms.h"

#include <algorithm>
#include <limits>
#include <utility>

// In: readings and commits of the core, which asks the policy in between. Out: what Redis has, or
// "cannot know". A commit is done when its announcement has come back: then every node with members
// hears of all changes of a room in the order of their commits.
namespace peer_redis {

using peer::sdk::CommitOutcome;
using peer::sdk::CommitStatus;
using peer::sdk::RoomCommit;
using peer::sdk::RoomPage;
using peer::sdk::RoomReading;

namespace {

CommitStatus commit_status(std::string_view text) {
  if (text == "committed") return CommitStatus::kCommitted;
  if (text == "conflict") return CommitStatus::kConflict;
  if (text == "gone") return CommitStatus::kGone;
  if (text == "not_member") return CommitStatus::kNotMember;
  return CommitStatus::kUnavailable;
}

constexpr std::size_t kMostListedState = std::size_t{256} << 10;  // bytes
constexpr std::size_t kListedFields = 6;
constexpr std::int64_t kMostMembers = std::numeric_limits<std::uint32_t>::max();

// What makes no sense is left out.
RoomPage read_room_page(const Reply& reply) {
  RoomPage page;
  page.more = reply[0].integer() == 1;
  for (std::size_t i = 1; i + kListedFields <= reply.size(); i += kListedFields) {
    const auto place = to_number<std::uint64_t>(reply[i].text());
    const auto owner = from_hex(reply[i + 2].text());
    const auto max_size = to_number<std::uint32_t>(reply[i + 3].text());
    const auto members = static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(reply[i + 5].integer(), 0, kMostMembers));
    if (!place || !owner || !max_size) continue;
    page.rooms.push_back({std::string(reply[i + 1].text()),
                          {*owner, *max_size, std::string(reply[i + 4].text())},
                          *place,
                          members});
  }
  return page;
}

}  // namespace

void Rooms::read(const std::string& room_id, const ReplyTo<RoomReading>& reply) {
  try_read(room_id, reply, Clock::now());
}

void Rooms::try_read(const std::string& room_id, const ReplyTo<RoomReading>& reply, Time since) {
  if (!state_.is_connected()) return reply({});
  link_.run(Script::kReadRoom, {room_id, "1"}, [this, room_id, reply, since](const Reply* answer) {
    RoomReading reading;
    if (!has_answered(answer)) return reply(std::move(reading));
    if ((*answer)[0].text() == "unsettled") {
      if (!heartbeat_.waits_for_others(since)) return reply(std::move(reading));
      loop_.run_at(Clock::now() + Heartbeat::kTryAgainAfter,
                   [this, room_id, reply, since] { try_read(room_id, reply, since); });
      return;
    }
    reading.known = true;
    const auto version = to_number<std::uint64_t>((*answer)[0].text());
    const auto owner = from_hex((*answer)[1].text());
    const auto max_size = to_number<std::uint32_t>((*answer)[2].text());
    if (version && owner && max_size) {
      auto& room = reading.room.emplace();
      room.version = *version;
      room.room = {*owner, *max_size, std::string((*answer)[3].text())};
      for (std::size_t i = 4; i < answer->size(); ++i) {
        if (const auto member = from_hex((*answer)[i].text())) room.members.push_back(*member);
      }
    }
    reply(std::move(reading));
  });
}

std::string room_envelope(std::string_view room_id, std::string_view token,
                          const RoomCommit& commit) {
  std::string posts;
  for (const auto& post : commit.posts) {
    append_field(posts, post.to ? to_hex(*post.to) : std::string());
    append_field(posts, post.text);
  }
  std::string text =
      envelope('R', {room_id, token, to_hex(commit.room.owner),
                     std::to_string(commit.room.max_size), commit.room.state, posts});
  const RoomTerms terms = terms_of(commit);
  if (commit.closes) {
    append_field(text, kRoomCloses);
  } else if (terms != RoomTerms()) {
    for (const std::string& field : {std::string(), terms.listed, terms.empty})
      append_field(text, field);
  }
  return text;
}

void Rooms::commit(const CommitRef& at_work) {
  Commit& commit = *at_work;
  // The core changes its own room then, and asks nobody again.
  if (!state_.is_connected()) return commit_alone(commit);
  const RoomCommit& change = commit.change;
  commit.token = announcements_.begin();
  const RoomTerms terms = terms_of(change);
  link_.run(Script::kCommitRoom,
            {commit.room_id, std::to_string(change.version), to_hex(change.room.owner),
             std::to_string(change.room.max_size), change.room.state,
             change.kicked ? to_hex(*change.kicked) : std::string(), to_hex(change.by),
             commit.token, room_envelope(commit.room_id, "", change),
             room_envelope(commit.room_id, commit.token, change), change.closes ? "1" : "0",
             terms.listed, terms.empty},
            [this, at_work](const Reply* answer) { take_commit_reply(at_work, answer); });
}

void Rooms::take_commit_reply(const CommitRef& at_work, const Reply* answer) {
  Commit& commit = *at_work;
  CommitOutcome& outcome = commit.outcome;
  if (answer != nullptr) outcome.status = commit_status((*answer)[0].text());
  if (outcome.status != CommitStatus::kCommitted) {
    announcements_.abandon(commit.token);
    if (outcome.status == CommitStatus::kUnavailable) return commit_alone(commit);
    return commit.reply(outcome);
  }
  outcome.version = to_number<std::uint64_t>(std::to_string((*answer)[1].integer())).value_or(0);
  if (!commit.change.closes) remember(commit, outcome.version);
  // The announcement carries the token to this node only. When it has come, the core has been told.
  announcements_.complete(commit.token, [at_work] { at_work->reply(at_work->outcome); });
}

void Rooms::commit_alone(const Commit& commit) {
  remember(commit, commit.change.version + 1);
  commit.reply({});
}

void Rooms::remember(const Commit& commit, std::uint64_t version) {
  Mirror::Namespace* here = mirror_.find(commit.room_id);
  if (here == nullptr) return;
  std::string created = here->room ? here->room->created : std::string();
  here->room =
      Mirror::Room{commit.change.room, version, std::move(created), terms_of(commit.change)};
}

void Rooms::list(std::uint64_t after, std::uint32_t limit,
                 const ReplyTo<std::optional<RoomPage>>& reply) {
  if (!state_.is_connected()) return reply(std::nullopt);
  link_.run(Script::kListRooms,
            {std::to_string(after), std::to_string(limit), std::to_string(kMostListedState)},
            [reply](const Reply* answer) {
              if (!has_answered(answer)) return reply(std::nullopt);
              reply(read_room_page(*answer));
            });
}

}  // namespace peer_redis
