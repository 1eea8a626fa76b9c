#include "managed_rooms.h"

#include <algorithm>
#include <stdexcept>

#include "fields.h"

// The rules of managed rooms. In: a room with the state that an earlier decision has given it, and
// what somebody wants of it. Out: a decision, a new state among it. Functions of their arguments:
// nothing is kept here, and time is the request's.
namespace peer_managed {

using peer::sdk::PasswordOrder;
using peer::sdk::RoomAction;
using peer::sdk::RoomDecision;
using peer::sdk::RoomOrders;
using peer::sdk::RoomRefusal;
using peer::sdk::RoomRequest;
using peer::sdk::RoomView;

namespace {

constexpr const char* kNotOwner = "only room owner can do that";

// The messages, by their words. Written once: what is none of them never gets here.
enum class Word : std::uint8_t { kLock, kUnlock, kUpdate, kTransfer, kBan, kUnban, kClose };
constexpr std::pair<const char*, Word> kWords[] = {
    {"room_lock", Word::kLock},     {"room_unlock", Word::kUnlock},
    {"room_update", Word::kUpdate}, {"room_transfer", Word::kTransfer},
    {"room_ban", Word::kBan},       {"room_unban", Word::kUnban},
    {"room_close", Word::kClose},
};

Word word_of(std::string_view type) {
  for (const auto& [text, word] : kWords) {
    if (type == text) return word;
  }
  throw std::invalid_argument("a message type that is not the policy's");
}

RoomDecision refuse(int code, std::string message) {
  RoomDecision decision;
  decision.refusal = RoomRefusal{code, std::move(message)};
  return decision;
}

bool is_member(const RoomView& room, const Fingerprint& peer) {
  return std::find(room.members.begin(), room.members.end(), peer) != room.members.end();
}

bool has_proved(const RoomState& state, const Fingerprint& peer) {
  return std::find(state.proved.begin(), state.proved.end(), peer) != state.proved.end();
}

// What belongs to a peer that had proved its key is nothing to who has not.
bool is_owner(const RoomView& room, const RoomState& state, const RoomRequest& request) {
  return request.actor == room.owner && (!state.owner_proved || request.actor_proved);
}

/// One question, at work.
class Deciding {
 public:
  Deciding(const Options& options, const RoomView& room, const RoomRequest& request,
           RoomOrders& orders)
      : options_(options), room_(room), request_(request), orders_(orders) {
    if (request.action != RoomAction::kCreate) state_ = state_of(room.state);
    decision_.owner = room.owner;
    decision_.max_size = room.max_size;
  }

  RoomDecision decide() {
    switch (request_.action) {
      case RoomAction::kCreate:
        return create();
      case RoomAction::kJoin:
        return join();
      case RoomAction::kLeave:
        return leave();
      case RoomAction::kKick:
        return kick();
      case RoomAction::kMessage:
        return message();
      case RoomAction::kTimer:
        break;
    }
    return done();
  }

 private:
  /// The decision that has been made up to here.
  RoomDecision done() {
    decision_.state = to_text(state_);
    return std::move(decision_);
  }

  RoomDecision create() {
    const auto fields = read_room_fields(options_, request_.fields);
    if (!fields) return refuse(400, fields.error().message);
    if (!take_password()) return done();
    state_.locked = fields->locked.value.value_or(false);
    update(*fields);
    decision_.owner = request_.actor;
    decision_.max_size = granted_size(options_, fields->max_size.value);
    state_.owner_proved = request_.actor_proved;
    enter();
    return done();
  }

  RoomDecision join() {
    // Of the last one to go the policy was not asked.
    if (room_.members.empty()) state_.proved.clear();
    // The owner may be one that has gone, and stays the owner.
    if (!is_owner(room_, state_, request_)) {
      if (is_banned(state_, request_.actor, request_.now)) return refuse(403, "banned");
      if (state_.locked) return refuse(403, "room locked");
      switch (door()) {
        case Door::kOpen:
          break;
        case Door::kAsks:
          return done();
        case Door::kNotInvited:
          return refuse(403, "not invited");
        case Door::kWrongPassword:
          return refuse(403, "wrong password");
      }
      if (room_.members.size() >= room_.max_size) return refuse(429, "room full");
    }
    enter();
    // A room that has waited without members: who comes first has been there longest.
    if (room_.members.empty() && options_.succession == Succession::kOldest) own(request_.actor);
    return done();
  }

  /// Notes of a member that is on its way in what is known of its key.
  void enter() {
    if (request_.actor_proved && !has_proved(state_, request_.actor)) {
      state_.proved.push_back(request_.actor);
    }
  }

  enum class Door : std::uint8_t { kOpen, kAsks, kNotInvited, kWrongPassword };

  /// An invitation opens, or the password.
  Door door() {
    const bool has_password = !state_.password.empty();
    if (!state_.invited && !has_password) return Door::kOpen;
    if (state_.invited && use_invitation()) return Door::kOpen;
    if (!has_password) return Door::kNotInvited;
    if (!request_.has_password) return state_.invited ? Door::kNotInvited : Door::kWrongPassword;
    if (request_.compared_with != state_.password) {
      orders_.password = PasswordOrder::kCompare;
      orders_.compare_with = state_.password;
      return Door::kAsks;
    }
    return request_.password_matches ? Door::kOpen : Door::kWrongPassword;
  }

  /// The password that the room is to have. False: the core is to hash it first.
  bool take_password() {
    if (request_.has_password && request_.password_hash.empty()) {
      orders_.password = PasswordOrder::kHash;
      return false;
    }
    if (request_.has_password) {
      state_.password = request_.password_hash;
    } else if (request_.fields.find("password") != nullptr) {
      state_.password.clear();  // null
    }
    return true;
  }

  bool use_invitation() {
    for (Invitation& invitation : *state_.invited) {
      if (invitation.peer != request_.actor) continue;
      if (invitation.proved && !request_.actor_proved) return false;
      invitation.proved = request_.actor_proved;
      return true;
    }
    return false;
  }

  RoomDecision leave() {
    const Fingerprint& gone = request_.actor;
    std::erase(state_.proved, gone);
    if (gone != room_.owner) return done();
    switch (options_.succession) {
      case Succession::kOldest: {
        // Members are in the order in which they came (RoomView).
        const auto heir = std::find_if(room_.members.begin(), room_.members.end(),
                                       [&](const Fingerprint& member) { return member != gone; });
        if (heir != room_.members.end()) own(*heir);
        break;
      }
      case Succession::kNone:
        orders_.keeps_owner = true;
        break;
      case Succession::kClose:
        orders_.close = "owner left";
        // Somebody must be the owner up to the end.
        if (!room_.members.empty()) own(room_.members.front());
        break;
    }
    return done();
  }

  /// A member owns the room from now on.
  void own(const Fingerprint& owner) {
    decision_.owner = owner;
    state_.owner_proved = has_proved(state_, owner);
  }

  RoomDecision kick() {
    if (!is_owner(room_, state_, request_)) return refuse(403, "only room owner can kick");
    if (options_.kick_bans) {
      forget_old_bans();
      // A kick is never refused for want of room: the ban that was made first makes way.
      if (state_.bans.size() >= options_.max_bans) state_.bans.erase(state_.bans.begin());
      ban(request_.target, options_.ban);
    }
    return done();
  }

  RoomDecision message() {
    const Word word = word_of(request_.message_type);
    Fingerprint target;
    if (word == Word::kTransfer || word == Word::kBan || word == Word::kUnban) {
      const auto read = read_target(request_.fields);
      if (!read) return refuse(400, read.error().message);
      target = *read;
    }
    if (word == Word::kTransfer && !is_member(room_, target)) {
      return refuse(404, "peer not in room");
    }
    if (!is_owner(room_, state_, request_)) return refuse(403, kNotOwner);
    switch (word) {
      case Word::kLock:
      case Word::kUnlock:
        state_.locked = word == Word::kLock;
        return done();
      case Word::kUpdate:
        return change();
      case Word::kTransfer:
        own(target);
        return done();
      case Word::kBan:
        return put_out(target);
      case Word::kUnban:
        std::erase_if(state_.bans, [&](const Ban& ban) { return ban.peer == target; });
        return done();
      case Word::kClose:
        orders_.close = "closed";
        return done();
    }
    return done();
  }

  RoomDecision change() {
    const auto fields = read_room_fields(options_, request_.fields);
    if (!fields) return refuse(400, fields.error().message);
    if (!take_password()) return done();
    update(*fields);
    if (fields->max_size.is_there()) {
      decision_.max_size = granted_size(options_, fields->max_size.value);
    }
    return done();
  }

  /// What `create_room` and `room_update` may both set; null removes.
  void update(const RoomFields& fields) {
    if (fields.listed.is_there()) state_.listed = fields.listed.value.value_or(false);
    if (fields.info.is_there()) state_.info = fields.info.value.value_or(std::string());
    if (fields.invited.is_null) state_.invited.reset();
    if (!fields.invited.value) return;
    std::vector<Invitation> invited;
    for (const Fingerprint& peer : *fields.invited.value) {
      invited.push_back({peer, was_invited_proved(peer) || has_proved(state_, peer)});
    }
    state_.invited = std::move(invited);
  }

  bool was_invited_proved(const Fingerprint& peer) const {
    return state_.invited &&
           std::any_of(state_.invited->begin(), state_.invited->end(),
                       [&](const Invitation& each) { return each.peer == peer && each.proved; });
  }

  RoomDecision put_out(const Fingerprint& target) {
    if (target == request_.actor) return refuse(400, "cannot ban oneself");
    const auto seconds = read_seconds(request_.fields);
    if (!seconds) return refuse(400, seconds.error().message);
    forget_old_bans();
    std::erase_if(state_.bans, [&](const Ban& ban) { return ban.peer == target; });
    if (state_.bans.size() >= options_.max_bans) return refuse(429, "too many bans");
    ban(target, seconds->has_value() ? std::chrono::milliseconds(**seconds) : options_.ban);
    if (is_member(room_, target)) orders_.remove = target;
    return done();
  }

  void forget_old_bans() {
    std::erase_if(state_.bans,
                  [&](const Ban& ban) { return ban.until && *ban.until <= request_.now; });
  }

  void ban(const Fingerprint& peer, std::chrono::milliseconds how_long) {
    std::erase_if(state_.bans, [&](const Ban& ban) { return ban.peer == peer; });
    Ban ban{peer, std::nullopt};
    if (how_long.count() > 0) ban.until = request_.now + how_long;
    state_.bans.push_back(ban);
  }

  const Options& options_;
  const RoomView& room_;
  const RoomRequest& request_;
  RoomOrders& orders_;
  RoomState state_;
  RoomDecision decision_;
};

}  // namespace

std::vector<std::string> ManagedRooms::message_types() const {
  std::vector<std::string> types;
  for (const auto& [text, word] : kWords) types.emplace_back(text);
  return types;
}

void ManagedRooms::traits(peer::sdk::RoomTraits& traits) const {
  // Who is no member is told that it is not the owner; and the owner may be no member.
  traits.hears_strangers = true;
  traits.takes_passwords = true;
  traits.lists_rooms = options_.list_rooms;
  traits.keeps_empty_rooms = options_.empty_timeout.count() > 0;
}

std::optional<RoomRefusal> ManagedRooms::check(const RoomRequest& request) const {
  const auto bad = [](const peer::sdk::Error& error) { return RoomRefusal{400, error.message}; };
  if (request.action == RoomAction::kCreate) {
    if (const auto fields = read_room_fields(options_, request.fields); !fields) {
      return bad(fields.error());
    }
  }
  if (request.action != RoomAction::kMessage) return std::nullopt;
  switch (word_of(request.message_type)) {
    case Word::kLock:
    case Word::kUnlock:
    case Word::kClose:
      break;
    case Word::kUpdate:
      if (const auto fields = read_room_fields(options_, request.fields); !fields) {
        return bad(fields.error());
      }
      break;
    case Word::kBan:
    case Word::kTransfer:
    case Word::kUnban: {
      const auto target = read_target(request.fields);
      if (!target) return bad(target.error());
      if (word_of(request.message_type) != Word::kBan) break;
      if (*target == request.actor) return RoomRefusal{400, "cannot ban oneself"};
      if (const auto seconds = read_seconds(request.fields); !seconds) return bad(seconds.error());
      break;
    }
  }
  return std::nullopt;
}

RoomDecision ManagedRooms::decide(const RoomView& room, const RoomRequest& request) const {
  RoomOrders orders;
  return decide_and_order(room, request, orders);
}

RoomDecision ManagedRooms::decide_and_order(const RoomView& room, const RoomRequest& request,
                                            RoomOrders& orders) const {
  return Deciding(options_, room, request, orders).decide();
}

}  // namespace peer_managed
