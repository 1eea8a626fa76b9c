#include <peer/sdk/contract/plugin_contract.h>

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string_view>
#include <variant>
#include <vector>

#include <peer/sdk/auth.h>
#include <peer/sdk/broker.h>
#include <peer/sdk/contract/default_option.h>
#include <peer/sdk/dialect.h>
#include <peer/sdk/match_strategy.h>
#include <peer/sdk/room_policy.h>

#include "process.h"

// What every plugin is held to, of whatever kind. In: a file and its options. The object is made
// and destroyed through a table of the kinds, since the tests here call nothing else of it.
namespace peer::sdk::contract {
namespace {

namespace fs = std::filesystem;

struct Kind {
  const char* name;
  const char* prefix;  ///< of file names
  std::uint32_t api_version;
  void (*destroy)(void* object);
};

template <typename Interface>
constexpr Kind kind_of(const char* prefix) {
  return {Interface::kKind, prefix, Interface::kApiVersion,
          [](void* object) { delete static_cast<Interface*>(object); }};
}

constexpr std::array kKinds{kind_of<Broker>("broker"), kind_of<MatchStrategy>("match"),
                            kind_of<RoomPolicy>("room"), kind_of<Auth>("auth"),
                            kind_of<Dialect>("dialect")};

const Kind* find_kind(std::string_view name) {
  const auto* found = std::find_if(kKinds.begin(), kKinds.end(),
                                   [&](const Kind& kind) { return name == kind.name; });
  return found == kKinds.end() ? nullptr : found;
}

const PeerPluginDescriptor& open(const std::string& file) {
  void* library = ::dlopen(file.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) throw std::runtime_error(::dlerror());
  const void* symbol = ::dlsym(library, "peer_plugin_descriptor");
  if (symbol == nullptr) {
    throw std::runtime_error(file +
                             " exports no peer_plugin_descriptor; end its main source file "
                             "with PEER_PLUGIN(...)");
  }
  return *static_cast<const PeerPluginDescriptor*>(symbol);
}

/// Why a server with this SDK would refuse the descriptor, or this test; empty: nothing.
std::string fault_of(const PeerPluginDescriptor& found) {
  if (found.size != sizeof(PeerPluginDescriptor)) return "a descriptor of another size";
  for (const char* text : {found.kind, found.abi, found.name, found.version}) {
    if (text == nullptr) return "an incomplete descriptor";
  }
  const Kind* kind = find_kind(found.kind);
  if (kind == nullptr) return std::string("the unknown kind '") + found.kind + "'";
  if (found.api_version != kind->api_version) return "another version of its interface";
  if (std::string_view(found.abi) != PEER_SDK_ABI_TAG) return "another ABI tag";
  if (found.revision != PEER_SDK_REVISION) return "another revision of the SDK";
  if (found.create_hosted == nullptr) return "no factory";
  return {};
}

/// Made only to be looked at, and destroyed.
struct Trial {
  explicit Trial(const PluginCase& plugin) : config(plugin.options) {
    const PeerPluginDescriptor& descriptor = load_descriptor(plugin.file, nullptr);
    kind = find_kind(descriptor.kind);
    host.set_option_names(names_in(plugin.options));
    object = descriptor.create_hosted(&config, &host, &error);
  }
  ~Trial() { destroy(); }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  void destroy() {
    if (object != nullptr) kind->destroy(std::exchange(object, nullptr));
  }
  TestHost host;
  PluginConfig config;
  std::string error;
  const Kind* kind = nullptr;
  void* object = nullptr;
};

bool has_only(std::string_view text, std::string_view bytes) {
  return !text.empty() && text.find_first_not_of(bytes) == text.npos;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const PluginCase& plugin) { return out << plugin.file; }

const PeerPluginDescriptor& load_descriptor(const std::string& file, const char* kind) {
  const PeerPluginDescriptor& found = open(file);
  const std::string fault = fault_of(found);
  if (!fault.empty()) {
    throw std::runtime_error(file + " has " + fault + "; build it with the SDK of this test");
  }
  if (kind != nullptr && std::string_view(found.kind) != kind) {
    throw std::runtime_error(file + " is a " + found.kind + ", and this is the contract of a " +
                             kind);
  }
  return found;
}

std::map<std::string, std::vector<std::string>, std::less<>> names_in(const Options& options) {
  std::map<std::string, std::vector<std::string>, std::less<>> names;
  for (const auto& [key, option] : options) {
    const auto* maps = std::get_if<PluginOptionMaps>(&option);
    if (maps == nullptr || maps->is_list) continue;
    for (const auto& [name, value] : maps->maps.front().options) names[key].push_back(name);
    for (auto& [below, list] : names_in(maps->maps.front().options)) {
      names[key + "." + below] = std::move(list);
    }
  }
  return names;
}

void must_be_made(const PluginConfig& config, const std::string& error, bool is_made) {
  std::string faults = is_made ? "" : "; its factory says: " + error;
  for (const std::string& mistake : config.mistakes()) faults += "; " + mistake;
  if (!faults.empty()) throw std::runtime_error("it cannot be made" + faults);
}

TEST_P(PluginContract, ItsFileIsNamedByKindAndName) {
  const PeerPluginDescriptor& descriptor = load_descriptor(GetParam().file, nullptr);
  EXPECT_TRUE(has_only(descriptor.name, "abcdefghijklmnopqrstuvwxyz0123456789_"))
      << descriptor.name;
  EXPECT_EQ(fs::path(GetParam().file).filename(),
            std::string(find_kind(descriptor.kind)->prefix) + "_" + descriptor.name + ".so")
      << "a server finds a plugin by its name";
}

TEST_P(PluginContract, ItTakesItsOptions) {
  const Trial trial(GetParam());
  EXPECT_NE(trial.object, nullptr) << trial.error;
  EXPECT_EQ(trial.config.mistakes(), std::vector<std::string>());
  EXPECT_EQ(trial.config.unread(), std::vector<std::string>())
      << "a factory asks for all options that it knows, whatever the others are";
}

// The server lists a plugin's options without having any; its factory then may say what it lacks.
TEST_P(PluginContract, ItSaysWhatIsWrongWithoutOptions) {
  const Trial trial({GetParam().file, {}});
  if (trial.object == nullptr) {
    EXPECT_FALSE(trial.error.empty()) << "a factory that makes nothing says why";
  }
}

// --check-config and --list-plugins make each plugin, on machines where nothing may be reached.
TEST_P(PluginContract, ItsFactoryStartsNothing) {
  const std::size_t threads = thread_count();
  const std::size_t sockets = socket_count();
  const Trial trial(GetParam());
  EXPECT_EQ(trial.host.posted(), 0U) << "tasks are posted from on_start() on";
  EXPECT_LE(thread_count(), threads) << "threads are started in on_start()";
  EXPECT_LE(socket_count(), sockets) << "connections are made in on_start()";
}

TEST_P(PluginContract, EachDefaultIsOneThatItTakes) {
  const Trial trial(GetParam());
  for (const PluginConfig::Known& option : trial.config.known()) {
    const auto value = default_option(option);
    if (!value || GetParam().options.contains(option.key)) continue;
    PluginCase written = GetParam();
    written.options.emplace(option.key, *value);
    const Trial again(written);
    const std::vector<std::string> mistakes = again.config.mistakes();
    EXPECT_EQ(
        std::count(mistakes.begin(), mistakes.end(), option.key + ": expected " + option.expected),
        0)
        << option.key << ": its default " << option.default_value
        << " is refused when it is written";
  }
}

TEST_P(PluginContract, ItEndsWithAllThatItHasStarted) {
  const std::size_t threads = thread_count();
  for (int i = 0; i < 3; ++i) {
    Trial trial(GetParam());
    ASSERT_NE(trial.object, nullptr) << trial.error;
    const Result<void> started = trial.host.start();
    EXPECT_TRUE(started) << started.error().message;
    trial.host.stop();
  }
  EXPECT_TRUE(becomes([&] { return thread_count() == threads; }))
      << "threads end with the plugin's object: there were " << threads << ", there are "
      << thread_count();
}

}  // namespace peer::sdk::contract
