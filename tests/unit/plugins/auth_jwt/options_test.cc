#include "options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peer_jwt {
namespace {

using peer::sdk::PluginConfig;
using peer::sdk::PluginOption;
using peer::sdk::PluginOptionMap;
using peer::sdk::PluginOptionMaps;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using OptionMap = std::map<std::string, PluginOption, std::less<>>;

/// The mistakes of these options.
std::vector<std::string> mistakes_of(OptionMap options) {
  PluginConfig config(std::move(options));
  [[maybe_unused]] const Options read = read_options(config);
  return config.mistakes();
}

OptionMap with_key(OptionMap key) {
  PluginOptionMaps keys;
  keys.is_list = true;
  keys.maps.push_back(PluginOptionMap{std::move(key)});
  return {{"keys", keys}};
}

OptionMap sound_options() { return {{"jwks_file", std::string("/keys.json")}}; }

OptionMap sound_and(const std::string& name, PluginOption value) {
  OptionMap options = sound_options();
  options.emplace(name, std::move(value));
  return options;
}

TEST(OptionsTest, OneSourceOfKeysIsEnoughAndNoneIsTooFew) {
  EXPECT_THAT(mistakes_of(sound_options()), IsEmpty());
  EXPECT_THAT(mistakes_of({}), ElementsAre(HasSubstr("without a key no token can be good")));
  EXPECT_THAT(
      mistakes_of(with_key({{"algorithm", std::string("HS256")}, {"secret", std::string("s")}})),
      IsEmpty());
}

TEST(OptionsTest, AKeyHasItsAlgorithmAndOnePlace) {
  const auto faults = [](OptionMap key) { return mistakes_of(with_key(std::move(key))); };
  const std::string text = "x";
  EXPECT_THAT(faults({{"secret", text}}), Contains(HasSubstr("algorithm: expected")));
  EXPECT_THAT(faults({{"algorithm", std::string("none")}, {"secret", text}}),
              ElementsAre(HasSubstr("algorithm: expected one of HS256")));
  EXPECT_THAT(faults({{"algorithm", std::string("RS256")}, {"secret", text}}),
              ElementsAre(HasSubstr("public_key_file: expected")));
  EXPECT_THAT(faults({{"algorithm", std::string("HS256")}, {"public_key_file", text}}),
              ElementsAre(HasSubstr("secret: expected")));
  EXPECT_THAT(
      faults({{"algorithm", std::string("HS256")}, {"secret", text}, {"secret_file", text}}),
      ElementsAre(HasSubstr("secret: expected")));
  EXPECT_THAT(faults({{"algorithm", std::string("EdDSA")}}),
              ElementsAre(HasSubstr("public_key_file: expected")));
}

TEST(OptionsTest, TheAudienceIsATextOrAList) {
  PluginConfig one(sound_and("audience", std::string("a")));
  EXPECT_THAT(read_options(one).rules.audience, ElementsAre("a"));
  PluginConfig two(sound_and("audience", std::vector<std::string>{"a", "b"}));
  EXPECT_THAT(read_options(two).rules.audience, ElementsAre("a", "b"));
  EXPECT_THAT(mistakes_of(sound_and("audience", true)), ElementsAre(HasSubstr("audience")));
}

TEST(OptionsTest, HttpToAPublicAddressNeedsTheOption) {
  OptionMap options{{"jwks_url", std::string("http://8.8.8.8/jwks")}};
  EXPECT_THAT(mistakes_of(options), ElementsAre(HasSubstr("allow_http: true")));
  options.emplace("allow_http", true);
  EXPECT_THAT(mistakes_of(options), IsEmpty());
  EXPECT_THAT(mistakes_of({{"jwks_url", std::string("http://127.0.0.1/jwks")}}), IsEmpty());
  EXPECT_THAT(mistakes_of({{"jwks_url", std::string("ftp://x/")}}),
              ElementsAre(HasSubstr("jwks_url: expected")));
}

TEST(OptionsTest, WordsThatAreNotKnownAreMistakes) {
  EXPECT_THAT(mistakes_of(sound_and("fingerprint_binding", std::string("sub"))),
              ElementsAre(HasSubstr("fingerprint_binding")));
  EXPECT_THAT(mistakes_of(sound_and("jwks_algorithms", std::vector<std::string>{"none"})),
              ElementsAre(HasSubstr("jwks_algorithms")));
  EXPECT_THAT(mistakes_of(sound_and("identity_claim", std::string())),
              ElementsAre(HasSubstr("identity_claim")));
}

}  // namespace
}  // namespace peer_jwt
