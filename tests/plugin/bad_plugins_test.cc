#include <gmock/gmock.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include <peer/sdk/plugin.h>

#include "core/plugin/list_plugins.h"
#include "tests/plugin/loading.h"

namespace peer {
namespace {

namespace fs = std::filesystem;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::StartsWith;

/// Real shared objects, each with one fault (tests/plugin/bad). What is copied goes to a folder of
/// the test's own.
class BadPluginsTest : public testing::Test {
 protected:
  ~BadPluginsTest() override { fs::remove_all(folder_); }

  static fs::path make_folder() {
    std::string name = testing::TempDir() + "bad_plugins_XXXXXX";
    return mkdtemp(name.data());
  }

  static std::vector<std::string> mistakes_of(const std::string& name) {
    return load(with_room_policy(name, kBadPluginDir + "/room_" + name + ".so")).mistakes;
  }

  std::vector<std::string> mistakes_of_file(const fs::path& file) const {
    return load(with_room_policy("standard", file.string())).mistakes;
  }

  /// A good plugin, to be spoilt.
  fs::path copy() const {
    fs::path file = folder_ / "room_standard.so";
    fs::copy_file(kPluginDir + "/room_standard.so", file);
    fs::permissions(file, fs::perms::owner_read | fs::perms::owner_write);
    return file;
  }

  const fs::path folder_ = make_folder();
};

TEST_F(BadPluginsTest, AMessageSaysWhereAndWhichFile) {
  EXPECT_THAT(
      mistakes_of("wrong_api"),
      ElementsAre(StartsWith("peer-server.yaml:7: plugins.room_policy: cannot load plugin '" +
                             kBadPluginDir + "/room_wrong_api.so': ")));
}

TEST_F(BadPluginsTest, AnotherInterfaceVersionIsRefused) {
  EXPECT_THAT(mistakes_of("wrong_api"),
              ElementsAre(HasSubstr("RoomPolicy API 2, this server has 1; rebuild it with this "
                                    "server's SDK")));
}

TEST_F(BadPluginsTest, AnotherKindIsRefused) {
  EXPECT_THAT(mistakes_of("wrong_kind"),
              ElementsAre(HasSubstr("a plugin of kind 'broker', expected 'room_policy'")));
}

TEST_F(BadPluginsTest, AnotherAbiIsRefused) {
  EXPECT_THAT(mistakes_of("wrong_abi"),
              ElementsAre(HasSubstr("built for ABI 'itanium-libc++-sdk1', this server is '" +
                                    std::string(PEER_SDK_ABI_TAG) + "'")));
}

TEST_F(BadPluginsTest, ADescriptorOfAnotherSizeIsRefused) {
  EXPECT_THAT(mistakes_of("wrong_size"),
              ElementsAre(HasSubstr("its descriptor has 24 bytes, expected " +
                                    std::to_string(sizeof(PeerPluginDescriptor)))));
}

TEST_F(BadPluginsTest, OneOfANewerSdkIsRefused) {
  EXPECT_THAT(mistakes_of("too_new"), ElementsAre(HasSubstr("a newer SDK than this server's")));
  EXPECT_THAT(mistakes_of("newer_revision"),
              ElementsAre(HasSubstr("built with revision " + std::to_string(PEER_SDK_REVISION + 1) +
                                    " of the SDK, this server has")));
}

TEST_F(BadPluginsTest, ADescriptorWithANullFieldIsRefused) {
  EXPECT_THAT(mistakes_of("null_field"), ElementsAre(HasSubstr("its descriptor is incomplete")));
}

TEST_F(BadPluginsTest, ASharedObjectWithoutDescriptorIsRefused) {
  EXPECT_THAT(mistakes_of("no_descriptor"),
              ElementsAre(HasSubstr("exports no peer_plugin_descriptor")));
}

TEST_F(BadPluginsTest, AnUndefinedSymbolIsNamed) {
  EXPECT_THAT(mistakes_of("undefined_symbol"),
              ElementsAre(HasSubstr("': undefined symbol: a_function_that_nobody_has")));
}

TEST_F(BadPluginsTest, AFactoryThatThrowsIsQuoted) {
  EXPECT_THAT(mistakes_of("throws"), ElementsAre(HasSubstr("': disk on fire")));
  EXPECT_THAT(mistakes_of("throws_int"), ElementsAre(HasSubstr("its factory threw")));
}

TEST_F(BadPluginsTest, ADescriptorWhoseCreateThrowsIsRefused) {
  EXPECT_THAT(mistakes_of("throwing_create"), ElementsAre(HasSubstr("its factory threw")));
}

TEST_F(BadPluginsTest, AFactoryThatReturnsAnErrorIsQuoted) {
  EXPECT_THAT(mistakes_of("says_why"), ElementsAre(HasSubstr("': no licence")));
}

TEST_F(BadPluginsTest, AFactoryThatMakesNothingIsRefused) {
  EXPECT_THAT(mistakes_of("says_nothing"),
              ElementsAre(HasSubstr("its factory made nothing and gave no reason")));
}

TEST_F(BadPluginsTest, WhatIsNoSharedObjectIsRefused) {
  const fs::path file = folder_ / "room_standard.so";
  std::ofstream(file) << "#!/bin/sh\necho this is a script, however long it may be to be sure\n";
  EXPECT_THAT(mistakes_of_file(file), ElementsAre(HasSubstr("': not a shared object")));
}

TEST_F(BadPluginsTest, AnEmptyFileIsRefused) {
  const fs::path file = folder_ / "room_standard.so";
  std::ofstream(file) << "";
  EXPECT_THAT(mistakes_of_file(file), ElementsAre(HasSubstr("': not a shared object")));
}

TEST_F(BadPluginsTest, ADirectoryIsRefused) {
  EXPECT_THAT(mistakes_of_file(folder_), ElementsAre(HasSubstr("': not a regular file")));
}

TEST_F(BadPluginsTest, ATruncatedFileIsRefused) {
  const fs::path file = copy();
  for (const std::uintmax_t size : {4096U, 100U}) {  // within a segment, within the program headers
    fs::resize_file(file, size);
    EXPECT_THAT(mistakes_of_file(file), ElementsAre(HasSubstr("': truncated")));
  }
}

TEST_F(BadPluginsTest, AnotherProcessorsFileIsRefused) {
  const fs::path file = copy();
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  constexpr int kMachineOffset = 18;  // e_machine of the ELF header
  stream.seekp(kMachineOffset).write("\x08\x00", 2).flush();
  EXPECT_THAT(mistakes_of_file(file), ElementsAre(HasSubstr("': built for another processor")));
}

TEST_F(BadPluginsTest, ACopyThatOnlyItsOwnerCanWriteLoads) {
  EXPECT_TRUE(mistakes_of_file(copy()).empty());
}

TEST_F(BadPluginsTest, AWorldWritableFileIsRefused) {
  const fs::path file = copy();
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(mistakes_of_file(file), ElementsAre(HasSubstr("': any user can write to it;")));
}

TEST_F(BadPluginsTest, AFileInAWorldWritableDirectoryIsRefused) {
  const fs::path file = copy();
  fs::permissions(folder_, fs::perms::others_write, fs::perm_options::add);
  EXPECT_THAT(mistakes_of_file(file),
              ElementsAre(AllOf(HasSubstr("any user can write to its directory"),
                                HasSubstr(folder_.string()))));
}

TEST_F(BadPluginsTest, ALinkToAWorldWritableFileIsRefused) {
  const fs::path file = copy();
  fs::permissions(file, fs::perms::others_write, fs::perm_options::add);
  const fs::path link = folder_ / "link.so";
  fs::create_symlink(file, link);
  EXPECT_THAT(mistakes_of_file(link), ElementsAre(HasSubstr("': any user can write to it;")));
}

TEST_F(BadPluginsTest, StaticConstructorsThatThrowAreNamed) {
  EXPECT_THAT(mistakes_of("static_throw"),
              ElementsAre(AllOf(HasSubstr("/room_static_throw.so': "),
                                HasSubstr("its static constructors end the process (Aborted)"))));
}

TEST_F(BadPluginsTest, StaticConstructorsThatEndTheProcessAreNamed) {
  EXPECT_THAT(mistakes_of("static_exit"),
              ElementsAre(HasSubstr("its static constructors end the process (exit status 3)")));
}

TEST_F(BadPluginsTest, TheListGoesOnBehindAFileThatCannotBeLoaded) {
  const sdk::Result<std::string> listed = list_plugins(PluginsConfig(), kBadPluginDir);
  ASSERT_TRUE(listed) << listed.error().message;
  EXPECT_THAT(*listed, HasSubstr("room_static_throw.so\n    cannot be loaded: its static"));
  EXPECT_THAT(*listed, HasSubstr("room_factory_aborts.so\n    cannot be made: its factory ends the "
                                 "process (Aborted)"));
  EXPECT_THAT(*listed, HasSubstr("room_wrong_kind.so\n    cannot be loaded: a plugin of kind"));
}

}  // namespace
}  // namespace peer
