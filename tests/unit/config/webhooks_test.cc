#include "core/config/webhooks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/load_config.h"
#include "tests/unit/config/temporary_directory.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

LoadedConfig load_webhooks(const std::string& list) {
  return load_config_text("webhooks:\n" + list, "/c.yaml");
}

TEST(WebhooksConfigTest, AListOfUrlsEventsAndSecrets) {
  const LoadedConfig loaded = load_webhooks(
      "  - {url: 'https://example.com/hook?a=1', secret: new, secrets: [old, older]}\n"
      "  - {url: 'http://[::1]:8080', events: [match, room], secrets: [one]}\n");
  EXPECT_THAT(loaded.mistakes, ElementsAre());
  EXPECT_THAT(loaded.config.webhooks,
              ElementsAre(Webhook{"https://example.com/hook?a=1",
                                  {"register", "leave", "room", "match"},
                                  {"new", "old", "older"}},
                          Webhook{"http://[::1]:8080", {"match", "room"}, {"one"}}));
}

TEST(WebhooksConfigTest, EveryMistakeIsToldWithItsPlaceAndNoSecret) {
  const LoadedConfig loaded = load_webhooks(
      "  - {url: 'https://user:hidden@example.com', secret: s}\n"
      "  - {url: 'https://example.com'}\n"
      "  - {url: 'https://example.com', secret: s, events: [drop]}\n"
      "  - {url: 'https://example.com', secret: s, events: []}\n"
      "  - {url: 'https://example.com', secret: s, event: [match]}\n"
      "  - {secret: s}\n"
      "  - https://example.com\n");
  const std::string all = testing::PrintToString(loaded.mistakes);
  for (const char* part :
       {"/c.yaml:2: webhooks.0.url: expected a URL that begins with https:// or http://",
        "/c.yaml:3: webhooks.1.secret: expected a secret",
        "/c.yaml:4: webhooks.2.events: expected a list of at least one of register, leave, join, "
        "room, match, ban, got 'drop'",
        "/c.yaml:5: webhooks.3.events: expected a list of at least one of",
        "did you mean 'events'?", "/c.yaml:7: webhooks.5.url: expected where to post",
        "/c.yaml:8: webhooks.6: expected a map such as"}) {
    EXPECT_THAT(all, HasSubstr(part));
  }
  EXPECT_THAT(all, Not(HasSubstr("hidden")));
}

}  // namespace
}  // namespace peer
