#pragma once

#include <filesystem>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "tests/integration/cluster/redis_client.h"

namespace peer::test {

/// What stands for what differs from run to run: `{alice}` for a fingerprint, and so on.
using Values = std::map<std::string, std::string>;

/// An envelope as fields; a field that is packed itself has its fields beneath it.
struct RecordedField {
  std::string text;
  bool is_packed = false;
  std::vector<std::string> packed;
};
using RecordedEnvelope = std::vector<RecordedField>;

/// The records of one version: tests/integration/cluster/recorded/<version>/. In `envelopes` one
/// field stands on a line, `-` for an empty one, the fields of a packed one between `(` and `)`; an
/// empty line ends an envelope. In `store` a line names a type and a key, and the lines beneath it,
/// indented, are what it has: of a hash field and value in turn, of a sorted set member and score.
struct Records {
  std::string version;
  std::map<char, RecordedEnvelope> envelopes;  ///< one of each kind
  std::string store;
};
inline void PrintTo(const Records& records, std::ostream* out) { *out << records.version; }
/// Of every version that is supported, the newest last.
std::vector<Records> all_records();
std::filesystem::path newest_records();

/// As it stands in `envelopes`, with the names of `values` for the values.
std::string text_of(const std::string& envelope, const Values& values);
/// The bytes of an envelope, with the values for their names.
std::string bytes_of(const RecordedEnvelope& envelope, const Values& values);

/// What Redis has, as it stands in `store`.
std::string text_of_store(RedisClient& redis, const Values& values);
/// Writes it there.
void load_store(RedisClient& redis, const std::string& store, const Values& values);

}  // namespace peer::test
