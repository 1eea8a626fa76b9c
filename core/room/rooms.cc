#include "core/room/rooms.h"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "core/room/room_rules.h"
#include "core/wire/notices.h"

// Each change of a room, on the loop of its task. In: a question, with the peer that asks or the
// member that has gone. Out: the answer, when the change is committed or refused. A task goes from
// attempt() to the store, which reads (take_view), to the policy (decide), to the store, which
// commits, and from conclude() to its end or to attempt() again. No lock is held in between; the
// version of the room tells whether another change was quicker.
namespace peer {
namespace {

using Into = Newcomer::Into;
using Status = RoomOutcome::Status;

// How often a change is tried while others keep changing the room. Then the client gets 429 "room
// busy".
constexpr int kMaxAttempts = 64;
// A member that has gone must not stay the owner, so its leave is tried more often. The number is
// finite because a broker that never agrees must not keep a loop busy for ever.
constexpr int kMaxSettleAttempts = 256;

// A password is compared so often, should the room get another one meanwhile each time.
constexpr int kMaxPasswords = 3;
constexpr std::size_t kLongestPassword = 256;  // bytes

int attempts_for(const RoomTask& task) {
  return task.question.action == sdk::RoomAction::kLeave ? kMaxSettleAttempts : kMaxAttempts;
}

sdk::RoomRefusal not_found() { return {404, "room not found"}; }

// Takes a password out of the fields. Returns what is wrong with it.
const char* take_password(RoomQuestion& question) {
  auto* fields = std::get_if<sdk::Value::Object>(&question.fields.data);
  const auto found = fields->find("password");
  if (found == fields->end() || found->second.is_null()) return nullptr;
  auto* text = std::get_if<std::string>(&found->second.data);
  if (text == nullptr) return "password must be a string";
  if (text->empty()) return "password too short";
  if (text->size() > kLongestPassword) return "password too long";
  question.password = std::make_shared<const Secret>(*text);
  wipe(*text);
  fields->erase(found);
  return nullptr;
}

bool is_member(const RoomSnapshot& room, const Fingerprint& peer) {
  return std::find(room.members.begin(), room.members.end(), peer) != room.members.end();
}

bool comes_into(const RoomTask& task, Into where) {
  return task.newcomer && task.newcomer->into == where;
}

// What the core refuses without asking the policy.
std::optional<sdk::RoomRefusal> refusal_of(const RoomSnapshot& room, const RoomQuestion& question) {
  if (question.action == sdk::RoomAction::kKick && !is_member(room, question.target)) {
    return sdk::RoomRefusal{404, "peer not in room"};
  }
  if (question.action == sdk::RoomAction::kMessage && !question.of_strangers &&
      !is_member(room, question.actor)) {
    return sdk::RoomRefusal{403, "not in room"};
  }
  return std::nullopt;
}

sdk::RoomRequest request_of(const RoomQuestion& question, sdk::Instant now) {
  sdk::RoomRequest request{question.action,       question.actor,  question.target,
                           question.message_type, question.fields, now,
                           question.actor_proved};
  request.has_password = question.password != nullptr;
  request.password_hash = question.password_hash;
  request.compared_with = question.compared_with;
  request.password_matches = question.password_matches;
  return request;
}

RoomVerdict verdict_on(const Served<sdk::RoomPolicy>& by, const RoomSnapshot& room,
                       const RoomQuestion& question, sdk::Instant now) {
  RoomVerdict verdict;
  verdict.refusal = refusal_of(room, question);
  if (verdict.refusal) return verdict;
  verdict = judge(by, question.name, room, request_of(question, now));
  if (verdict.failed && question.action == sdk::RoomAction::kLeave) {
    // A room must not be left to an owner who is gone: the standard rule (docs/protocol.md,
    // "Rooms") stands in.
    verdict = RoomVerdict();
    verdict.room = room.room;
    if (verdict.room.owner == question.actor) verdict.room.owner = room.members.front();
  }
  if (verdict.failed) verdict.refusal = sdk::RoomRefusal{500, "internal error"};
  return verdict;
}

// `room_updated` if the verdict changes what members know, then what the policy wants said.
RoomChange change_of(const Served<sdk::RoomPolicy>& by, const RoomQuestion& question,
                     const RoomVerdict& verdict, const RoomSnapshot& before, sdk::Instant now) {
  RoomChange change{verdict.room, {}};
  change.removed = verdict.orders.remove;
  if (question.action == sdk::RoomAction::kKick) change.removed = question.target;
  change.closes = verdict.orders.close.has_value();
  if (question.action != sdk::RoomAction::kCreate && !change.closes) {
    const RoomNews news = news_of(by, question.name, before, verdict.room);
    if (news.changed) {
      change.posts.push_back(
          {std::nullopt, room_updated_frame(question.name, verdict.room, news.members, now)});
    }
  }
  for (const sdk::RoomMessage& message : verdict.messages) {
    change.posts.push_back(
        {message.to, room_message_frame(question.name, message.type, message.payload, now)});
  }
  if (change.closes) {
    change.posts.push_back(
        {std::nullopt, room_closed_frame(question.name, *verdict.orders.close, now)});
  }
  return change;
}

}  // namespace

void Rooms::ask(RoomTask&& task) {
  task.rooms = this;
  // There is nothing to read: the store finds out whether the name is free.
  if (comes_into(task, Into::kNewRoom)) return decide(std::move(task), RoomSnapshot());
  attempt(std::move(task));
}

void Rooms::attempt(RoomTask&& task) {
  // A namespace has no policy, and that of a new room has been asked.
  if (comes_into(task, Into::kNamespace) || comes_into(task, Into::kNewRoom)) {
    return store_->join(std::move(task), conclude);
  }
  store_->read(std::move(task), take_view);
}

void Rooms::take_view(RoomTask&& task, RoomView&& view) {
  if (task.newcomer_has_gone()) return;
  // A room that waits for its members hears its owner, who may be none.
  const bool takes_empty = task.newcomer || task.question.ends || task.question.of_strangers;
  const bool is_empty = !view.room || (!takes_empty && view.room->members.empty());
  if (is_empty) {
    // With others a room's last member may be anywhere: who goes finds out whether it was here. Who
    // has seen the room since was not the last, and a room that waits for members has not ended.
    if (task.question.action == sdk::RoomAction::kLeave && task.attempts == 0 && !view.room) {
      tell_room(task.rooms->events_, task.question.name, "closed", task.loop.wall());
    }
    return task.rooms->refuse(std::move(task), not_found());
  }
  const std::optional<std::uint64_t>& due = task.question.version;
  if (view.known && due && view.room->version != *due) return;  // a later decision took over
  task.rooms->decide(std::move(task), *view.room);
}

void Rooms::decide(RoomTask&& task, const RoomSnapshot& room) {
  const sdk::Instant now = task.loop.wall();
  if (task.question.ends) {
    task.based_on = room.version;
    task.change = RoomChange{room.room, {}};
    task.change.closes = true;
    task.change.posts.push_back(
        {std::nullopt, room_closed_frame(task.question.name, *task.question.ends, now)});
    return store_->commit(std::move(task), conclude);
  }
  const Served<sdk::RoomPolicy>& by = policies_.of(task.question.name);
  RoomVerdict verdict = verdict_on(by, room, task.question, now);
  if (verdict.refusal) return refuse(std::move(task), std::move(*verdict.refusal));
  if (verdict.orders.password != sdk::PasswordOrder::kNone) {
    return look_at_password(std::move(task), verdict.orders);
  }
  task.based_on = room.version;
  add_consequences(by, traits_->at(by.index), task.question.name, verdict.room);
  task.change = change_of(by, task.question, verdict, room, now);
  task.change.may_be_listed = traits_->at(by.index).lists_rooms;
  task.wake_after = verdict.wake_after;
  if (task.newcomer) return store_->join(std::move(task), conclude);
  store_->commit(std::move(task), conclude);
}

void Rooms::look_at_password(RoomTask&& task, const sdk::RoomOrders& orders) {
  // The room has got another password each time.
  if (++task.passwords > kMaxPasswords) return refuse(std::move(task), {429, "room busy"});
  EventLoop& loop = task.loop;
  const Fingerprint peer = task.question.actor;
  if (!passwords_.admit(peer, task.question.name, loop.now())) {
    return refuse(std::move(task), {429, "try again later"});
  }
  const bool compares = orders.password == sdk::PasswordOrder::kCompare;
  std::string hash = compares ? orders.compare_with : std::string();
  task.question.compared_with = hash;
  auto kept = std::make_unique<RoomTask>(std::move(task));
  Secret password(kept->question.password->text());
  passwords_.add(peer, {std::move(password), std::move(hash),
                        [kept = std::move(kept)](const PasswordResult& result) mutable {
                          RoomQuestion& question = kept->question;
                          question.password_hash = result.hash.value_or("");
                          question.password_matches = result.matches.value_or(false);
                          const bool failed = !result.hash && !result.matches;
                          EventLoop& its_loop = kept->loop;
                          its_loop.post([kept = std::move(kept), failed]() mutable {
                            go_on(std::move(*kept), failed);
                          });
                        }});
}

void Rooms::go_on(RoomTask&& task, bool failed) {
  if (task.newcomer_has_gone()) return;
  Rooms& rooms = *task.rooms;
  if (failed) return rooms.refuse(std::move(task), {500, "internal error"});
  rooms.ask(std::move(task));
}

void Rooms::conclude(RoomTask&& task, RoomOutcome&& outcome) {
  Rooms& rooms = *task.rooms;
  switch (outcome.status) {
    case Status::kDone:
      return rooms.complete(std::move(task), std::move(outcome));
    case Status::kConflict:
      if (++task.attempts < attempts_for(task)) return rooms.attempt(std::move(task));
      return rooms.refuse(std::move(task), {429, "room busy"});
    case Status::kIsRoom:
      // The name is a room's, so the peer is judged by its policy like one that asked for
      // join_room.
      task.newcomer->into = Into::kRoom;
      return rooms.attempt(std::move(task));
    case Status::kUnavailable:
      // From here on OwnRooms serves the task, to its end.
      task.alone = true;
      task.attempts = 0;
      return rooms.attempt(std::move(task));
    case Status::kFull:
      return rooms.refuse(std::move(task), {429, "namespace full"});
    case Status::kClusterFull:
      return rooms.refuse(std::move(task), {503, kClusterFullMessage});
    case Status::kExists:
      return rooms.refuse(std::move(task), {409, "room already exists"});
    case Status::kGone:
      return rooms.refuse(std::move(task), not_found());
    case Status::kNotMember:
      return rooms.refuse(std::move(task), {404, "peer not in room"});
  }
}

void Rooms::tell_events(const RoomTask& task) const {
  if (events_ == nullptr || !events_->wanted(EventKind::kRoom)) return;
  const std::string& name = task.question.name;
  const sdk::Instant now = task.loop.wall();
  if (comes_into(task, Into::kNewRoom)) {
    tell_room(events_, name, "created", now,
              ",\"owner\":\"" + to_hex(task.change.room.owner) + "\"");
  }
  if (task.change.closes) tell_room(events_, name, "closed", now);
}

void Rooms::complete(RoomTask&& task, RoomOutcome&& outcome) {
  if (!task.change.closes) wake_later(task, outcome.version);
  tell_events(task);
  if (!outcome.closed.empty()) on_closed_(outcome.closed);
  // The peer that asked for a change hears of the change before its answer. A newcomer gets the
  // list of members first, so its mail waits.
  if (!task.newcomer) task.loop.deliver_mail();
  RoomAnswer done{task.question.name, std::nullopt};
  done.room = task.change.room;
  done.joined = std::move(outcome.joined);
  done.told_by_broker = outcome.told_by_broker;
  done.removed = task.change.removed;
  answer(std::move(task), std::move(done));
}

void Rooms::refuse(RoomTask&& task, sdk::RoomRefusal refusal) {
  // The broker could not answer, but may have let the newcomer in all the same: it must not stay a
  // member elsewhere.
  if (task.alone && task.newcomer) store_->withdraw(task.question.name, task.newcomer->peer);
  RoomAnswer refused{task.question.name, std::move(refusal)};
  answer(std::move(task), std::move(refused));
}

void Rooms::answer(RoomTask&& task, RoomAnswer&& answer) {
  if (task.done) task.done(answer);
}

void Rooms::look(RoomTask&& task) {
  store_->read(std::move(task), [](RoomTask&& asked, RoomView&& view) {
    RoomAnswer found{asked.question.name, std::nullopt};
    if (view.room) {
      found.room = std::move(view.room->room);
      found.members = view.room->members.size();
    } else {
      found.refusal = not_found();
    }
    answer(std::move(asked), std::move(found));
  });
}

std::optional<sdk::RoomRefusal> Rooms::check(RoomQuestion& question, sdk::Instant now) const {
  const Served<sdk::RoomPolicy>& by = policies_.of(question.name);
  if (traits_->at(by.index).takes_passwords) {
    if (const char* fault = take_password(question)) return sdk::RoomRefusal{400, fault};
  }
  return peer::check(by, request_of(question, now));
}

Room Rooms::known(std::string_view name, sdk::RoomState state) const {
  Room room{state.owner, state.max_size, std::move(state.state)};
  const Served<sdk::RoomPolicy>& by = policies_.of(name);
  add_consequences(by, traits_->at(by.index), name, room);
  return room;
}

void Rooms::end_empty_in_time(EventLoop& loop) {
  const std::optional<Time> next = store_->end_empty(loop.now());
  if (!next) return;
  // One timer for all rooms, on the loop that has seen the first of them: the one that is set if it
  // is early enough, which sets the next.
  Time set = next_end_.load();
  do {
    if (set <= *next) return;
  } while (!next_end_.compare_exchange_weak(set, *next));
  loop.schedule(*next, [this, &loop, due = *next] {
    Time mine = due;
    next_end_.compare_exchange_strong(mine, kNever);
    end_empty_in_time(loop);
  });
}

void Rooms::settle(EventLoop& loop, std::string name, const Fingerprint& gone) {
  ask(RoomTask{loop, {std::move(name), sdk::RoomAction::kLeave, gone}});
}

void Rooms::wake_later(const RoomTask& task, std::uint64_t version) {
  if (task.wake_after.count() <= 0) return;
  EventLoop& loop = task.loop;
  loop.schedule(loop.now() + task.wake_after, [this, &loop, name = task.question.name, version] {
    // The wish belongs to the decision that made it: a later one makes its own (take_view).
    RoomQuestion question{name, sdk::RoomAction::kTimer};
    question.version = version;
    ask(RoomTask{loop, std::move(question)});
  });
}

}  // namespace peer
