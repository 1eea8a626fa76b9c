#include "redis_transport.h"

#include <utility>

namespace peer_redis {
namespace {

Answer::Fate fate_of(const Reply* reply) {
  if (reply == nullptr) return Answer::Fate::kNoAnswer;
  if (reply->is_refusal()) return Answer::Fate::kRefused;
  return reply->is_error() ? Answer::Fate::kError : Answer::Fate::kDone;
}

Answer::Verdict verdict_of(std::string_view text) {
  if (text == "sent") return Answer::Verdict::kSent;
  if (text == "absent") return Answer::Verdict::kAbsent;
  if (text == "foreign") return Answer::Verdict::kStrangers;
  if (text == "unsettled") return Answer::Verdict::kUnsettled;
  return Answer::Verdict::kNowhere;
}

}  // namespace

void RedisTransport::publish(std::string_view node, std::string_view envelope, Errand errand) {
  link_.publish_to_node(node, envelope, [errand = std::move(errand)](const Reply* reply) {
    Answer answer;
    answer.fate = fate_of(reply);
    if (reply != nullptr) answer.listeners = reply->integer();
    errand.take(answer);
  });
}

void RedisTransport::tell(std::string_view node, std::string_view envelope) {
  link_.publish_to_node(node, envelope, [](const Reply*) {});
}

void RedisTransport::find(const Fingerprint& peer, std::string_view envelope, bool patient,
                          Errand errand) {
  link_.run(
      Script::kRoute, {to_hex(peer), envelope, patient ? "1" : "0"},
      [errand = std::move(errand)](const Reply* reply) {
        Answer answer;
        answer.fate = fate_of(reply);
        if (answer.fate == Answer::Fate::kDone) {
          answer.verdict = verdict_of((*reply)[0].text());
          answer.node = (*reply)[1].text();
        }
        errand.take(answer);
      },
      Link::Kind::kMessage);
}

}  // namespace peer_redis
