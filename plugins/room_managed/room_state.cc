#include "room_state.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <stdexcept>
#include <utility>

// The text of a room's state: a version, then fields as netstrings (`3:abc,`) in a fixed order. The
// fingerprints of a list stand behind each other, 32 bytes each, so that a long list is short and
// quickly read. Other nodes of the cluster read it; one of another version refuses it.
namespace peer_managed {
namespace {

constexpr char kVersion = '1';
constexpr std::size_t kFields = 6;

void append_field(std::string& out, std::string_view field) {
  out.append(std::to_string(field.size())).append(":").append(field) += ',';
}

// Nullopt: there is none.
std::optional<std::string_view> take_field(std::string_view& rest) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), length);
  const auto digits = static_cast<std::size_t>(end - rest.data());
  if (error != std::errc() || digits >= rest.size() || rest[digits] != ':') return std::nullopt;
  rest.remove_prefix(digits + 1);
  if (length >= rest.size() || rest[length] != ',') return std::nullopt;
  const std::string_view field = rest.substr(0, length);
  rest.remove_prefix(length + 1);
  return field;
}

void append(std::string& out, const Fingerprint& peer) {
  out.append(reinterpret_cast<const char*>(peer.bytes.data()), peer.bytes.size());
}

void append(std::string& out, std::int64_t number) {
  for (int shift = 0; shift < 64; shift += 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(number) >> static_cast<unsigned>(shift));
  }
}

Fingerprint take_fingerprint(std::string_view& rest) {
  Fingerprint peer;
  for (std::size_t i = 0; i < peer.bytes.size(); ++i) {
    peer.bytes[i] = static_cast<std::uint8_t>(rest[i]);
  }
  rest.remove_prefix(peer.bytes.size());
  return peer;
}

std::int64_t take_number(std::string_view& rest) {
  std::uint64_t number = 0;
  for (std::size_t i = 8; i-- > 0;) number = number << 8U | static_cast<std::uint8_t>(rest[i]);
  rest.remove_prefix(8);
  return static_cast<std::int64_t>(number);
}

constexpr std::size_t kFingerprint = sizeof(Fingerprint::bytes);
constexpr std::size_t kBan = kFingerprint + 8;
constexpr std::size_t kInvitation = kFingerprint + 1;

}  // namespace

std::string to_text(const RoomState& state) {
  std::string flags;
  if (state.locked) flags += 'l';
  if (state.listed) flags += 'p';
  if (state.owner_proved) flags += 'o';
  if (state.invited) flags += 'i';
  std::string invited;
  for (const Invitation& invitation : state.invited.value_or(std::vector<Invitation>())) {
    append(invited, invitation.peer);
    invited += invitation.proved ? '1' : '0';
  }
  std::string bans;
  for (const Ban& ban : state.bans) {
    append(bans, ban.peer);
    append(bans, ban.until ? ban.until->time_since_epoch().count() : 0);
  }
  std::string proved;
  for (const Fingerprint& peer : state.proved) append(proved, peer);
  std::string text(1, kVersion);
  for (const std::string_view field :
       {std::string_view(flags), std::string_view(state.info), std::string_view(state.password),
        std::string_view(invited), std::string_view(bans), std::string_view(proved)}) {
    append_field(text, field);
  }
  return text;
}

std::optional<RoomState> read_state(std::string_view text) {
  if (text.empty() || text.front() != kVersion) return std::nullopt;
  text.remove_prefix(1);
  std::string_view fields[kFields];
  for (std::string_view& field : fields) {
    const auto taken = take_field(text);
    if (!taken) return std::nullopt;
    field = *taken;
  }
  auto [flags, info, password, invited, bans, proved] = fields;
  if (!text.empty() || invited.size() % kInvitation != 0 || bans.size() % kBan != 0 ||
      proved.size() % kFingerprint != 0) {
    return std::nullopt;
  }
  RoomState state;
  state.locked = flags.find('l') != flags.npos;
  state.listed = flags.find('p') != flags.npos;
  state.owner_proved = flags.find('o') != flags.npos;
  if (flags.find('i') != flags.npos) state.invited.emplace();
  state.info = info;
  state.password = password;
  while (!invited.empty() && state.invited) {
    Invitation invitation{take_fingerprint(invited)};
    invitation.proved = invited.front() == '1';
    invited.remove_prefix(1);
    state.invited->push_back(invitation);
  }
  while (!bans.empty()) {
    Ban ban{take_fingerprint(bans), std::nullopt};
    if (const std::int64_t until = take_number(bans)) {
      ban.until = Instant(std::chrono::milliseconds(until));
    }
    state.bans.push_back(ban);
  }
  while (!proved.empty()) state.proved.push_back(take_fingerprint(proved));
  return state;
}

RoomState state_of(std::string_view text) {
  auto state = read_state(text);
  if (!state) throw std::runtime_error("the room's state is of another version of this plugin");
  return std::move(*state);
}

bool is_banned(const RoomState& state, const Fingerprint& peer, Instant now) {
  return std::any_of(state.bans.begin(), state.bans.end(), [&](const Ban& ban) {
    return ban.peer == peer && (!ban.until || *ban.until > now);
  });
}

}  // namespace peer_managed
