#include "tools/peer-bench/payload.h"

#include <array>
#include <cassert>
#include <cstring>

// Payloads that show every change. In: sender and number. Out: JSON text of a fixed size; and of
// text that came back the sender and the number, if not one byte differs. One thread. The tag and
// where the filling begins follow from a hash of both, so a payload that was exchanged for another
// one, or put together of two, does not pass.
namespace peer::bench {
namespace {

// {"s":"00000012","n":"000000000345","d":"tagtagtaFilling..."}: strings, because JSON numbers have
// no leading zeros, and fixed widths, so that everything has its place.
constexpr std::string_view kSenderKey = R"({"s":")";
constexpr std::string_view kNumberKey = R"(","n":")";
constexpr std::string_view kFillingKey = R"(","d":")";
constexpr std::string_view kEnd = R"("})";
constexpr std::size_t kSenderDigits = 8;
constexpr std::size_t kNumberDigits = 12;
constexpr std::size_t kSenderAt = kSenderKey.size();
constexpr std::size_t kNumberAt = kSenderAt + kSenderDigits + kNumberKey.size();
constexpr std::size_t kTagAt = kNumberAt + kNumberDigits + kFillingKey.size();
constexpr std::size_t kTagSize = 8;
constexpr std::size_t kFillingAt = kTagAt + kTagSize;
static_assert(kFillingAt + kEnd.size() == PayloadFormat::kMinSize);

// Nothing that a JSON library might escape: 64 characters, so that a shifted pattern is another.
constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

// 32 pieces of two bytes each.
constexpr std::string_view kMixed =
    R"(abcdefgh\nijklmnopqrstuvwxyz0123é456789ABCDEFGHIJKLMNOPQRSTUVWX)";
static_assert(kMixed.size() == kAlphabet.size());

/// All bits of the label spread over all bits (the finalizer of MurmurHash3).
std::uint64_t hash_of(const PayloadFormat::Label& label) {
  std::uint64_t hash = label.number ^ std::uint64_t{label.sender} << 40;
  hash = (hash ^ hash >> 33) * 0xff51afd7ed558ccdU;
  hash = (hash ^ hash >> 33) * 0xc4ceb9fe1a85ec53U;
  return hash ^ hash >> 33;
}

std::array<char, kTagSize> tag_of(std::uint64_t hash) {
  std::array<char, kTagSize> tag{};
  for (char& c : tag) {
    c = kAlphabet[hash % kAlphabet.size()];
    hash /= kAlphabet.size();
  }
  return tag;
}

void write_digits(char* end, std::size_t width, std::uint64_t value) {
  for (std::size_t i = 0; i < width; ++i, value /= 10) {
    *--end = static_cast<char>('0' + value % 10);
  }
}

std::optional<std::uint64_t> read_digits(std::string_view digits) {
  std::uint64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

bool has_at(std::string_view text, std::size_t at, std::string_view part) {
  return text.compare(at, part.size(), part) == 0;
}

}  // namespace

PayloadFormat::PayloadFormat(std::size_t size, Filling filling)
    : scratch_(size, 'x'), kind_(filling) {
  assert(size >= kMinSize);
  assert(filling == Filling::kPlain || size % 2 == 0);
  const std::string_view piece = filling == Filling::kPlain ? kAlphabet : kMixed;
  while (pattern_.size() < size + piece.size()) pattern_ += piece;
  scratch_.replace(0, kSenderKey.size(), kSenderKey);
  scratch_.replace(kSenderAt + kSenderDigits, kNumberKey.size(), kNumberKey);
  scratch_.replace(kNumberAt + kNumberDigits, kFillingKey.size(), kFillingKey);
  scratch_.replace(size - kEnd.size(), kEnd.size(), kEnd);
}

std::string_view PayloadFormat::filling(std::uint64_t hash) const {
  // Six bits of the hash: one of the 64 places at which the pattern may begin, or of the 32.
  const std::uint64_t begin = kind_ == Filling::kPlain ? hash >> 58 : hash >> 59 << 1;
  return std::string_view(pattern_).substr(begin, size() - kMinSize);
}

std::string_view PayloadFormat::write(const Label& label) {
  write_digits(&scratch_[kSenderAt + kSenderDigits], kSenderDigits, label.sender);
  write_digits(&scratch_[kNumberAt + kNumberDigits], kNumberDigits, label.number);
  const std::uint64_t hash = hash_of(label);
  const auto tag = tag_of(hash);
  std::memcpy(&scratch_[kTagAt], tag.data(), tag.size());
  const std::string_view text = filling(hash);
  std::memcpy(&scratch_[kFillingAt], text.data(), text.size());
  return scratch_;
}

std::optional<PayloadFormat::Label> PayloadFormat::check(std::string_view payload) const {
  if (payload.size() != size() || !has_at(payload, 0, kSenderKey) ||
      !has_at(payload, kSenderAt + kSenderDigits, kNumberKey) ||
      !has_at(payload, kNumberAt + kNumberDigits, kFillingKey) ||
      !has_at(payload, size() - kEnd.size(), kEnd)) {
    return std::nullopt;
  }
  const auto sender = read_digits(payload.substr(kSenderAt, kSenderDigits));
  const auto number = read_digits(payload.substr(kNumberAt, kNumberDigits));
  if (!sender || !number) return std::nullopt;
  const Label label{static_cast<std::uint32_t>(*sender), *number};
  const std::uint64_t hash = hash_of(label);
  const auto tag = tag_of(hash);
  if (!has_at(payload, kTagAt, {tag.data(), tag.size()}) ||
      !has_at(payload, kFillingAt, filling(hash))) {
    return std::nullopt;
  }
  return label;
}

}  // namespace peer::bench
