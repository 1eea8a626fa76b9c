#include "core/match/own_tickets.h"

#include <gmock/gmock.h>

#include <atomic>
#include <thread>

#include "tests/unit/match/now.h"

namespace peer {
namespace {

using testing::IsEmpty;
using testing::SizeIs;

Fingerprint peer_number(std::uint8_t number) {
  Fingerprint peer;
  peer.bytes[31] = number;
  return peer;
}

OwnTicket ticket_of(std::uint8_t peer, const std::string& criteria = "{}") {
  OwnTicket ticket;
  ticket.ns = "lobby";
  ticket.owner.peer = peer_number(peer);
  ticket.request.criteria_key = criteria;
  ticket.answer = [](const TicketOwner&, const MatchOutcome&) {};
  return ticket;
}

TEST(OwnTicketsTest, ATicketIsTakenOnce) {
  OwnTickets tickets;
  tickets.place(7, ticket_of(1));
  EXPECT_TRUE(tickets.has(7));
  EXPECT_EQ(tickets.take(7)->owner.peer, peer_number(1));
  EXPECT_FALSE(tickets.take(7));
  EXPECT_FALSE(tickets.has(7));
  EXPECT_FALSE(tickets.find("lobby", peer_number(1)));
}

TEST(OwnTicketsTest, AnEqualRequestKeepsTheTicketAndItsTimeStartsAnew) {
  OwnTickets tickets;
  OwnTicket first = ticket_of(1);
  first.expires = kNow;
  tickets.place(7, std::move(first));
  EXPECT_EQ(tickets.expiry(7), kNow);
  OwnTicket equal = ticket_of(1);
  equal.expires = kNow + milliseconds(1);
  const OwnTickets::Placed placed = tickets.place(8, std::move(equal));
  EXPECT_EQ(placed.id, 7U);
  EXPECT_TRUE(placed.kept);
  EXPECT_FALSE(placed.replaced);
  EXPECT_EQ(tickets.expiry(7), kNow + milliseconds(1));
}

TEST(OwnTicketsTest, AnEqualRequestMayAwaitItsAnswerOnce) {
  OwnTickets tickets;
  OwnTicket first = ticket_of(1);
  first.text = "as it came";
  tickets.place(7, std::move(first));
  const TimerId due{Time(milliseconds(1)), 1};
  MatchTask::Done again = [](const TicketOwner&, const MatchOutcome&) {};
  EXPECT_FALSE(tickets.await(8, again, due)) << "there is no such ticket";
  EXPECT_FALSE(tickets.await(7, again, due)) << "it has an answer to give already";
  ASSERT_TRUE(tickets.take_answer(7));
  const std::optional<OwnTickets::Returning> shared = tickets.await(7, again, due);
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->text, "as it came");
  const std::optional<OwnTicket> taken = tickets.take_answer(7);
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->answer_due, due);
  EXPECT_FALSE(tickets.take_answer(7));
}

TEST(OwnTicketsTest, ATimerOfATicketIsHandedOutAgainByWhatEndsIt) {
  const TimerId first{Time(milliseconds(1)), 1};
  const TimerId second{Time(milliseconds(2)), 2};
  OwnTickets tickets;
  tickets.place(7, ticket_of(1));
  EXPECT_EQ(tickets.set_expiry_due(7, first), TimerId());
  EXPECT_EQ(tickets.set_expiry_due(7, second), first);
  const OwnTickets::Placed placed = tickets.place(8, ticket_of(1, R"({"other":1})"));
  EXPECT_EQ(placed.replaced, 7U);
  EXPECT_EQ(placed.replaced_due, second);
  EXPECT_EQ(tickets.set_expiry_due(7, first), first);  // it has ended
  EXPECT_EQ(tickets.set_expiry_due(8, first), TimerId());
  EXPECT_EQ(tickets.take(8)->expiry_due, first);
}

TEST(OwnTicketsTest, WhatATicketReplacesIsKeptUntilItIsKnownWhetherItWaits) {
  OwnTickets tickets;
  tickets.place(7, ticket_of(1));
  tickets.place(8, ticket_of(1, "other"));
  tickets.place(9, ticket_of(1, "third"));
  const std::optional<OwnTicket> refused = tickets.take(9);
  ASSERT_TRUE(refused && refused->earlier);
  EXPECT_EQ(refused->earlier_id, 8U);
  EXPECT_EQ(refused->earlier->request.key(), "other");
  EXPECT_FALSE(refused->earlier->earlier);  // no more than one of a peer
  tickets.place(8, ticket_of(1, "other"));
  tickets.place(9, ticket_of(1, "third"));
  EXPECT_TRUE(tickets.take_answer(9));
  EXPECT_FALSE(tickets.take(9)->earlier);
}

TEST(OwnTicketsTest, TheAnswerThatATicketWaitsIsDueOnce) {
  OwnTickets tickets;
  tickets.place(7, ticket_of(1));
  EXPECT_EQ(tickets.take_answer(7)->owner.peer, peer_number(1));
  EXPECT_FALSE(tickets.take_answer(7));
  EXPECT_FALSE(tickets.take(7)->answer);
  EXPECT_FALSE(tickets.take_answer(7));
}

TEST(OwnTicketsTest, AnotherRequestReplacesTheTicket) {
  OwnTickets tickets;
  tickets.place(7, ticket_of(1));
  const OwnTickets::Placed placed = tickets.place(8, ticket_of(1, R"({"a":1})"));
  EXPECT_EQ(placed.id, 8U);
  EXPECT_FALSE(placed.kept);
  EXPECT_EQ(placed.replaced, std::optional<sdk::TicketId>(7));
  EXPECT_FALSE(tickets.take(7));
  EXPECT_EQ(tickets.find("lobby", peer_number(1)), std::optional<sdk::TicketId>(8));
}

TEST(OwnTicketsTest, AllAreTakenOrNone) {
  OwnTickets tickets;
  tickets.place(7, ticket_of(1));
  tickets.place(8, ticket_of(2));
  EXPECT_THAT(tickets.take_all({7, 8, 9}), IsEmpty());
  EXPECT_THAT(tickets.take_all({7, 8}), SizeIs(2));
  EXPECT_THAT(tickets.take_all({7, 8}), IsEmpty());
}

TEST(OwnTicketsTest, OneOfManyWhoEndATicketGetsIt) {
  OwnTickets tickets;
  constexpr int kTickets = 2000;
  for (int id = 0; id < kTickets; ++id) {
    OwnTicket ticket = ticket_of(1);
    ticket.ns = std::to_string(id);
    tickets.place(static_cast<sdk::TicketId>(id), std::move(ticket));
  }
  std::atomic<int> taken{0};
  std::vector<std::thread> threads;
  threads.reserve(4);
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int id = 0; id < kTickets; ++id) {
        if (tickets.take(static_cast<sdk::TicketId>(id))) ++taken;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(taken, kTickets);
}

TEST(OwnTicketsTest, QueuesAreListedByNameWithTheirOldestTicket) {
  OwnTickets tickets;
  sdk::TicketId id = 0;
  // More than are looked at with one lock.
  for (int ns = 0; ns < 3; ++ns) {
    for (int peer = 0; peer < 200; ++peer) {
      OwnTicket ticket = ticket_of(static_cast<std::uint8_t>(peer));
      ticket.ns = std::string(1, static_cast<char>('a' + ns));
      ticket.enqueued = kNow + milliseconds(peer == 77 ? -5 : peer);
      tickets.place(++id, std::move(ticket));
    }
  }
  const std::vector<QueueFacts> all = tickets.page_of_queues("", 10);
  ASSERT_THAT(all, SizeIs(3));
  EXPECT_EQ(all[1].ns, "b");
  for (const QueueFacts& queue : all) {
    EXPECT_EQ(queue.waiting, 200U);
    EXPECT_EQ(queue.oldest, kNow - milliseconds(5));
  }
  const std::vector<QueueFacts> page = tickets.page_of_queues("a", 1);
  ASSERT_THAT(page, SizeIs(1));
  EXPECT_EQ(page[0].ns, "b");
  EXPECT_THAT(tickets.page_of_queues("c", 10), IsEmpty());
}

}  // namespace
}  // namespace peer
