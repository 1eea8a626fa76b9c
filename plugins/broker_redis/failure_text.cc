#include "failure_text.h"

#include <algorithm>

namespace peer_redis {
namespace {

constexpr std::size_t kMaxShown = 160;

struct Advice {
  std::string_view code;
  std::string_view text;
};

constexpr Advice kAdvice[] = {
    {"WRONGPASS", "correct the options 'username' and 'password' or 'password_file'"},
    {"NOAUTH", "set the options 'password' or 'password_file' and, for an ACL user, 'username'"},
    {"NOPERM", "give its user the rights that the README of broker_redis lists"},
    {"DENIED", "give it a password, or an address that it listens on by its configuration"},
    {"READONLY", "it is a replica: give the address of the master"},
    {"MASTERDOWN", "it is a replica without its master: give the address of the master"},
    {"ASK", "the Cluster is moving our keys to another node: wait until it has"},
    {"TRYAGAIN", "the Cluster is moving our keys to another node: wait until it has"},
    {"CLUSTERDOWN",
     "the Cluster has nobody for our keys at the moment (see CLUSTER INFO), or refuses all keys "
     "while one of its masters is away: set 'cluster-require-full-coverage no' at its servers"},
    {"OOM", "raise its 'maxmemory'"},
    {"LOADING", "it reads its data from disk: wait until it has"},
    {"BUSY", "a script keeps it busy: wait, or end the script with SCRIPT KILL"},
    {"MISCONF", "it cannot save to its disk: see the log of Redis"},
    {"NOREPLICAS", "it has too few replicas for its 'min-replicas-to-write'"},
};

/// Empty: `why` is no answer of Redis.
std::string_view code_of(std::string_view why) {
  const std::string_view word = why.substr(0, why.find(' '));
  const bool capitals = std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  return capitals && word.size() >= 2 ? word : std::string_view();
}

std::string_view advice_for(std::string_view code) {
  const auto* known = std::find_if(std::begin(kAdvice), std::end(kAdvice),
                                   [code](const Advice& advice) { return advice.code == code; });
  return known == std::end(kAdvice) ? "see the documentation of Redis" : known->text;
}

/// Without the arguments of a command, which may be secrets, and what only a script's author needs.
std::string shown(std::string_view answer) {
  for (const std::string_view end : {", with args", " script: ", " @user_script"}) {
    answer = answer.substr(0, answer.find(end));
  }
  std::string text(answer.substr(0, kMaxShown));
  for (char& c : text) c = c >= ' ' && c < '\x7F' && c != '"' ? c : '?';
  return text;
}

}  // namespace

FailureText describe_failure(std::string_view address, std::string_view why) {
  const std::string redis = "Redis at " + std::string(address);
  const std::string_view code = code_of(why);
  if (why == kLeadsElsewhere || why == kNewMaster) {
    return {std::string(why), redis + " has moved, " + std::string(why) + "; this node follows it"};
  }
  if (why == kIsReplica) {
    return {std::string(why), redis +
                                  " is a replica, and nobody knows another master; this node "
                                  "works on its own until there is one"};
  }
  if (why == kNoShardedChannels) {
    return {std::string(why),
            redis +
                " is a node of a Cluster that knows no sharded channels, and 'parts' above 1 need "
                "Redis 7 or newer: update it, or set 'parts: 1' on all nodes; this node works on "
                "its own until then"};
  }
  if (code == "MOVED") {
    return {"MOVED", redis + " has given our keys to another node of its Cluster (" + shown(why) +
                         "); this node follows them"};
  }
  if (code.empty()) {
    return {shown(why), redis + " is out of reach (" + shown(why) +
                            "); this node works on its own until it is back"};
  }
  return {std::string(code.substr(0, kMaxShown)), redis + " answers \"" + shown(why) + "\"; " +
                                                      std::string(advice_for(code)) +
                                                      "; this node works on its own until then"};
}

}  // namespace peer_redis
