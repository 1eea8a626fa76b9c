#include <gmock/gmock.h>

#include "tests/plugin/match_queue.h"

namespace peer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(OtherCompilerTest, APluginOfAnotherCompilerLoadsAndWorks) {
  PluginsConfig config;
  config.match_strategy = {choice("criteria", kTestPluginDir + "/match_of_other_compiler.so")};
  const Loaded loaded = load(config);
  ASSERT_THAT(loaded.mistakes, IsEmpty());
  const auto queue = loaded.plugins.match_strategies.front()->make_queue();
  add_ticket(*queue, 1, 2, "{}");
  add_ticket(*queue, 2, 2, "{}");
  EXPECT_THAT(form_groups(*queue), ElementsAre(ElementsAre(1, 2)));
}

}  // namespace
}  // namespace peer
