#pragma once

#include <array>
#include <deque>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "tests/integration/cluster/session_crowd.h"
#include "tests/support/test_peer.h"

namespace peer::test {

/// One of the crowd, on its thread.
struct SessionCrowd::Client {
  enum class State { kWaiting, kUpgrading, kAnswerDue, kLive };
  /// What it has of another one of its group.
  struct Heard {
    long long epoch = -1;
    long long number = 0;
    bool any = true;  ///< the first after registering anew has any number
  };

  /// One that it has said, to one of its group.
  struct Said {
    Clock::time_point at;
    Clock::time_point answered{};  ///< none yet: the epoch
    bool told = false;             ///< that it has not arrived, or may not have
    bool local = false;            ///< it was not delivered to all
  };
  /// Messages that it does not have of one of its group.
  struct Gap {
    int from;
    long long first;
    long long last;
  };

  int number = 0;
  std::string name;
  int fd = -1;
  State state = State::kWaiting;
  Clock::time_point next{};  ///< kWaiting: the next attempt; else: until then the answer must come
  Clock::time_point next_message{};
  Doors::Door door;
  int last_node = -1;
  bool gave_up = false;    ///< the connection before stands still, as far as the node knows
  bool node_lives = true;  ///< of the connection before
  std::string input;
  std::string output;
  std::string token;
  std::string older_token;  ///< good until something has been answered
  long long received = 0;
  long long handled = 0;
  std::deque<std::string> unhandled;
  bool joined = false;
  long long epoch = 0;
  /// To each of its group, signals and broadcasts in one row: neither overtakes the other.
  std::array<long long, kGroup> sent{};
  std::array<Heard, kGroup> heard{};
  long long missing = 0;
  long long lost = 0;
  // With outages.
  std::array<std::vector<Said>, kGroup> said;
  std::map<long long, std::vector<std::pair<std::size_t, std::size_t>>> asked;  ///< of `said`
  long long last_request = 0;
  std::vector<Gap> gaps;
  Clock::time_point live_since{};
  Clock::time_point left{};  ///< its latest connection that carried its session ended then
  bool wants_join = false;   ///< it was refused
  bool has_last_word = false;
  bool comes_back = false;  ///< once what it has sent has been handled
};

inline int place_of(int client) { return client % SessionCrowd::kGroup; }
inline int first_of(int client) { return client - place_of(client); }
inline std::string name_of(int client) { return fmt("crowd-%", client); }

}  // namespace peer::test
