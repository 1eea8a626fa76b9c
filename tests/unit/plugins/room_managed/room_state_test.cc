#include "room_state.h"

#include <gtest/gtest.h>

#include "tests/unit/plugins/room_managed/peer_number.h"

namespace peer_managed {
namespace {

RoomState full_state() {
  RoomState state;
  state.locked = state.listed = state.owner_proved = true;
  state.info = R"({"map":"a:b,c","n":3})";
  state.password = "scrypt:1,2";
  state.invited = {{peer_number(1), true}, {peer_number(','), false}};
  state.bans = {{peer_number(3), std::nullopt},
                {peer_number(':'), Instant(std::chrono::milliseconds(1'700'000'000'123))}};
  state.proved = {peer_number(5), peer_number(0)};
  return state;
}

TEST(RoomStateTest, WhatIsWrittenIsRead) {
  EXPECT_EQ(read_state(to_text(full_state())), full_state());
  EXPECT_EQ(read_state(to_text({})), RoomState());
}

TEST(RoomStateTest, AnEmptyListOfInvitedIsNotNone) {
  RoomState nobody;
  nobody.invited.emplace();
  EXPECT_EQ(read_state(to_text(nobody)), nobody);
  EXPECT_NE(read_state(to_text(nobody)), RoomState());
}

TEST(RoomStateTest, WhatIsCutOrHasMoreIsRefused) {
  const std::string text = to_text(full_state());
  for (std::size_t length = 0; length < text.size(); ++length) {
    EXPECT_FALSE(read_state(text.substr(0, length))) << length;
  }
  EXPECT_FALSE(read_state(text + "0:,"));
}

TEST(RoomStateTest, AnotherVersionIsRefused) {
  std::string text = to_text(full_state());
  text.front() = '2';
  EXPECT_FALSE(read_state(text));
}

// Each byte of a state in turn has each of some values. What is read then is written and read
// alike.
TEST(RoomStateTest, GarbledTextIsReadOrRefused) {
  const std::string text = to_text(full_state());
  int read = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char c : {'\0', '9', ',', ':', '\xff'}) {
      std::string garbled = text;
      garbled[i] = c;
      const auto state = read_state(garbled);
      if (!state) continue;
      EXPECT_EQ(read_state(to_text(*state)), state) << i;
      ++read;
    }
  }
  EXPECT_GT(read, 0);
}

TEST(RoomStateTest, TheLargestFitsIntoWhatTheCoreKeeps) {
  RoomState state = full_state();
  state.info.assign(1024, 'x');
  state.invited->assign(400, {peer_number(1), true});
  state.bans.assign(400, {peer_number(2), Instant()});
  state.proved.assign(500, peer_number(3));
  EXPECT_LT(to_text(state).size(), 64U * 1024U - 512U);
}

}  // namespace
}  // namespace peer_managed
