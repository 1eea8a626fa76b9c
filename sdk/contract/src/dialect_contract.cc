#include <peer/sdk/contract/dialect_contract.h>

#include <algorithm>
#include <array>
#include <thread>

#include <peer/sdk/contract/json_text.h>

#include "foreign_client.h"
#include "hostile.h"
#include "process.h"

// What every dialect is held to, without a server. In: a DialectCase, which names the plugin,
// clients that it lets in, and what these say. Out: gtest failures. Each test makes a plugin of its
// own (Embassy) and plays clients of it (ForeignClient), all on the thread of the test but for
// ClientsOfSeveralThreadsFareAsAlone.
namespace peer::sdk::contract {
namespace {

using Strings = std::vector<std::string>;

bool is_sound_path(std::string_view path) {
  return path.starts_with('/') && (path.size() == 1 || !path.ends_with('/')) &&
         path.find_first_of("?# \n") == path.npos;
}

/// What strangers say: odd objects, those of the samples that are none, and what is no JSON at all.
Strings odd_texts(const DialectCase& with) {
  std::vector<Value> samples;
  Strings texts{"",
                " ",
                "nonsense",
                "[]",
                "null",
                "7",
                "{",
                "\"",
                R"({"a":1,"a":2})",
                std::string(1000, '['),
                std::string("\0\n\x7F", 3),
                "\xEF\xBF\xBF"};
  for (const std::string& text : with.texts) {
    if (auto value = parse_json(text)) samples.push_back(std::move(*value));
    for (std::size_t cut = 1; cut < std::min<std::size_t>(text.size(), 40); ++cut) {
      texts.push_back(text.substr(0, cut));
    }
    texts.push_back(text + text);
  }
  for (const Value& value : hostile_objects(samples)) texts.push_back(text_of(value));
  texts.erase(
      std::remove_if(texts.begin(), texts.end(),
                     [](const std::string& text) { return !is_utf8(text) || text.size() > 65536; }),
      texts.end());
  return texts;
}

void say_all(ForeignClient& client, const Strings& texts) {
  for (const std::string& text : texts) client.hear(text);
}

/// Everything that a server may say, and to be odd.
void tell_all(ForeignClient& client, const DialectCase& with) {
  const Strings payloads{"",
                         "null",
                         "{}",
                         "[]",
                         "7",
                         R"("a")",
                         R"({"code":404,"message":"peer not found"})",
                         R"({"code":429,"message":"rate limited"})",
                         R"({"namespace":"lobby","data":1})",
                         R"({"namespace":"lobby","data":{"type":7,"src":[],"dst":null}})",
                         R"({"namespace":"lobby","peers":[],"total":0})",
                         R"({"type":"OFFER","payload":{}})"};
  for (const char* type : {"registered", "peer_list", "error", "ack", "pong", "signal", "relay",
                           "broadcast", "peer_joined", "peer_left", "match", "server_message",
                           "kick", "room_closed", "something new"}) {
    for (const std::string& payload : payloads) {
      client.tell(type, payload);
      client.tell(type, payload, "ann", "lobby", "1");
      client.tell(type, payload, "ann", client.asked().empty() ? "" : "~", R"("x")");
    }
    for (const std::string& text : with.texts) {
      if (parse_json(text)) client.tell(type, "{\"data\":" + text + "}", "ann", "~");
      if (parse_json(text)) client.tell(type, text, "ann", "~");
    }
  }
  client.undelivered("");
  client.undelivered("nobody");
  client.wake();
}

/// One client from its beginning to its end, as the case has it.
Strings whole_life(Embassy& embassy, const DialectCase& with, Strings* faults,
                   ForeignClient::Texts texts = ForeignClient::Texts::kEndWithTheCall) {
  ForeignClient client(embassy, with.queries.front(), texts);
  if (!client.is_in()) return {"not let in"};
  say_all(client, with.texts);
  tell_all(client, with);
  client.end(4001, "replaced");
  if (faults != nullptr) *faults = client.faults();
  return client.asked();
}

DialectRequest request_for(const Fleeting& path, const Fleeting& query, const char* method) {
  DialectRequest request;
  request.method = method;
  request.path = path.view();
  request.query = query.view();
  request.origin = "https://example.com";
  request.remote_address = "192.0.2.7";
  return request;
}

void expect_sound(const DialectResponse& response, const std::string& what) {
  EXPECT_TRUE(response.status >= 200 && response.status <= 599) << what << response.status;
  EXPECT_LE(response.body.size(), 1024U * 1024) << what;
  for (const auto& [name, value] : response.headers) {
    EXPECT_FALSE(name.empty()) << what;
    EXPECT_EQ((name + value).find_first_of(std::string("\0\r\n", 3)), std::string::npos)
        << what << name;
  }
}

/// Answered in the end: nobody asks twice for the ids.
DialectResponse answer(Embassy& embassy, const std::string& path, const std::string& query,
                       const char* method) {
  const Strings ids{"ann", "bob \"\\"};
  const Fleeting where(path);
  const Fleeting words(query);
  DialectRequest request = request_for(where, words, method);
  DialectResponse response = embassy.plugin().answer(request);
  if (!response.wants_ids) return response;
  request.ids = &ids;
  response = embassy.plugin().answer(request);
  EXPECT_FALSE(response.wants_ids) << "it asks for the ids again: " << path;
  return response;
}

}  // namespace

std::vector<std::string> play(const DialectCase& with, const std::vector<std::string>& texts) {
  Embassy embassy(with);
  ForeignClient client(embassy, with.queries.front());
  if (client.is_in()) say_all(client, texts);
  return client.asked();
}

TEST_P(DialectContract, ItSaysWhatItIs) {
  Embassy embassy(GetParam());
  const DialectTraits& traits = embassy.traits();
  EXPECT_TRUE(is_sound_path(traits.upgrade_path)) << traits.upgrade_path;
  for (const std::string& path : traits.http_paths) EXPECT_TRUE(is_sound_path(path)) << path;
  EXPECT_TRUE(is_utf8(traits.realm) && traits.realm.size() <= 256) << traits.realm;
  EXPECT_EQ(traits.realm.find('\0'), std::string::npos);
  static_cast<void>(whole_life(embassy, GetParam(), nullptr));
  const DialectTraits later = embassy.plugin().traits();
  EXPECT_EQ(later.upgrade_path, traits.upgrade_path);
  EXPECT_EQ(later.http_paths, traits.http_paths);
  EXPECT_EQ(later.realm, traits.realm);
  EXPECT_EQ(later.home, traits.home);
}

TEST_P(DialectContract, SoundClientsAreLetIn) {
  ASSERT_FALSE(GetParam().queries.empty() || GetParam().texts.empty())
      << "the case names no client, or nothing that it says";
  Embassy embassy(GetParam());
  for (const std::string& query : GetParam().queries) {
    const ForeignClient client(embassy, query);
    EXPECT_TRUE(client.is_in()) << query;
    EXPECT_EQ(client.faults(), Strings());
  }
}

TEST_P(DialectContract, WhoeverComesIsLetInOrTurnedAway) {
  Embassy embassy(GetParam());
  Strings queries{"",
                  "=",
                  "&&&",
                  "%",
                  "%0",
                  "%00%FF",
                  "a=%zz",
                  std::string(8000, '='),
                  "id=" + std::string(8000, 'x'),
                  "id=%00&token=%00&key=%00",
                  "id=&token=&key="};
  for (const std::string& query : GetParam().queries) {
    queries.push_back(query + "&" + query);
    queries.push_back(query.substr(0, query.size() / 2));
  }
  for (const std::string& query : queries) {
    const Fleeting path(embassy.traits().upgrade_path);
    const Fleeting words(query);
    EXPECT_NO_THROW({
      const auto opened = embassy.plugin().open(request_for(path, words, "GET"));
      const auto* rejection = std::get_if<DialectRejection>(&opened);
      EXPECT_TRUE(rejection == nullptr || is_utf8(rejection->text)) << query.substr(0, 200);
    }) << query.substr(0, 200);
  }
}

TEST_P(DialectContract, WhateverClientsSayDoesNoHarm) {
  Embassy embassy(GetParam());
  for (const std::string& query : GetParam().queries) {
    ForeignClient client(embassy, query);
    ASSERT_TRUE(client.is_in()) << query;
    say_all(client, GetParam().texts);
    say_all(client, odd_texts(GetParam()));
    EXPECT_EQ(client.faults(), Strings());
  }
}

TEST_P(DialectContract, WhateverTheServerSaysDoesNoHarm) {
  Embassy embassy(GetParam());
  Strings faults;
  static_cast<void>(whole_life(embassy, GetParam(), &faults));
  EXPECT_EQ(faults, Strings());
}

TEST_P(DialectContract, NothingIsKeptOfWhatEndsWithACall) {
  // What is handed over is overwritten when a call has returned, or lasts: that makes no
  // difference.
  Embassy embassy(GetParam());
  const Strings lasting = whole_life(embassy, GetParam(), nullptr, ForeignClient::Texts::kLast);
  EXPECT_EQ(whole_life(embassy, GetParam(), nullptr), lasting);
}

TEST_P(DialectContract, RefusalsAreTexts) {
  Embassy embassy(GetParam());
  using Reason = DialectRefusal::Reason;
  for (const Reason reason :
       {Reason::kBanned, Reason::kOrigin, Reason::kTooMany, Reason::kFull, Reason::kUnauthorized,
        Reason::kTaken, Reason::kInvalid, Reason::kNotAllowed, Reason::kOther}) {
    for (const char* words : {"", "banned", "\" \\ \n"}) {
      const Fleeting message(words);
      EXPECT_NO_THROW({
        const std::string text = embassy.plugin().refusal({reason, 401, message.view()});
        EXPECT_TRUE(is_utf8(text)) << static_cast<int>(reason);
        EXPECT_LE(text.size(), 65536U);
      });
    }
  }
}

TEST_P(DialectContract, RequestsAreAnswered) {
  Embassy embassy(GetParam());
  for (const std::string& request : GetParam().requests) {
    const std::string path = request.substr(0, request.find('?'));
    const std::string query = request.substr(std::min(path.size() + 1, request.size()));
    EXPECT_EQ(answer(embassy, path, query, "GET").status, 200) << request;
  }
  for (const std::string& path : embassy.traits().http_paths) {
    for (const char* method : {"GET", "HEAD", "OPTIONS"}) {
      for (const std::string& query : {std::string(), std::string("%00"), std::string(4000, '&')}) {
        EXPECT_NO_THROW(expect_sound(answer(embassy, path, query, method), path + " "));
      }
    }
  }
}

TEST_P(DialectContract, ACallNeverBlocks) {
  Embassy embassy(GetParam());
  ForeignClient client(embassy, GetParam().queries.front());
  ASSERT_TRUE(client.is_in());
  for (const std::string& text : GetParam().texts) {
    EXPECT_LE(shortest_of_five([&] { client.hear(text); }), longest_call()) << text;
  }
  EXPECT_LE(shortest_of_five([&] { client.tell("signal", "{}", "ann"); }), longest_call());
  EXPECT_LE(shortest_of_five([&] { client.wake(); }), longest_call());
}

TEST_P(DialectContract, ClientsOfSeveralThreadsFareAsAlone) {
  Embassy embassy(GetParam());
  const Strings alone = whole_life(embassy, GetParam(), nullptr);
  std::array<Strings, 4> at_once;
  std::vector<std::thread> threads;
  threads.reserve(at_once.size());
  for (Strings& lines : at_once) {
    threads.emplace_back([&] {
      for (int i = 0; i < 10; ++i) lines = whole_life(embassy, GetParam(), nullptr);
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const Strings& lines : at_once) EXPECT_EQ(lines, alone);
}

}  // namespace peer::sdk::contract
