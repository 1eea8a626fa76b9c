#include "core/process/prepare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace peer {
namespace {

using testing::EndsWith;

TEST(PluginDirectory, IsBesideTheExecutable) {
  const auto directory = plugin_directory({});
  ASSERT_TRUE(directory);
  EXPECT_THAT(*directory, EndsWith("/lib/peer-server/plugins"));
}

TEST(PluginDirectory, WithoutProcItSaysWhatToDo) {
  const auto directory = plugin_directory({}, "/none/self/exe");
  ASSERT_FALSE(directory);
  EXPECT_EQ(directory.error().message,
            "plugins.directory: unknown, since /none/self/exe cannot be read (No such file or "
            "directory): mount /proc, or set plugins.directory");
}

TEST(PluginDirectory, ThatIsConfiguredNeedsNoProc) {
  Config config;
  config.plugins.directory = "/plugins";
  EXPECT_EQ(plugin_directory(config, "/none/self/exe").value(), "/plugins");
}

}  // namespace
}  // namespace peer
