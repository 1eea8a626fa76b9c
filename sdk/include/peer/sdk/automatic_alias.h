#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <peer/sdk/types.h>

/// The alias that a peer has by its fingerprint alone. Header only; pure; any thread.
namespace peer::sdk {

/// Friendly words, lower-case a-z. Their number is that of a byte's values, so that one byte of a
/// fingerprint picks one. Words and order are part of every automatic alias, and nodes of different
/// builds have to agree on it: never change them.
inline constexpr std::array<std::string_view, 256> kAliasAdjectives = {
    "active",   "agile",    "airy",      "amber",    "amiable",  "ample",    "arctic",   "astute",
    "atomic",   "autumn",   "avid",      "awake",    "aware",    "azure",    "balmy",    "beaming",
    "blithe",   "bold",     "bonny",     "bouncy",   "brave",    "breezy",   "bright",   "brisk",
    "bronze",   "bubbly",   "buoyant",   "busy",     "calm",     "caring",   "casual",   "chic",
    "chipper",  "civil",    "classic",   "clever",   "cloudy",   "comfy",    "cool",     "copper",
    "coral",    "cordial",  "cosmic",    "crafty",   "curious",  "cute",     "dapper",   "daring",
    "dashing",  "deft",     "deluxe",    "dewy",     "direct",   "divine",   "dreamy",   "driven",
    "dulcet",   "dynamic",  "eager",     "early",    "earnest",  "earthy",   "easy",     "elegant",
    "eminent",  "epic",     "equal",     "expert",   "fabled",   "fair",     "faithful", "famed",
    "fancy",    "fast",     "festive",   "fine",     "first",    "fleet",    "floral",   "fluent",
    "fluffy",   "fond",     "frank",     "free",     "fresh",    "frosty",   "gallant",  "genial",
    "gentle",   "gifted",   "giving",    "glad",     "gleaming", "glossy",   "gold",     "golden",
    "good",     "graceful", "grand",     "grateful", "great",    "green",    "groovy",   "handy",
    "hardy",    "hearty",   "helpful",   "heroic",   "honest",   "hopeful",  "humble",   "ideal",
    "indigo",   "ivory",    "jaunty",    "jazzy",    "jolly",    "jovial",   "joyful",   "jubilant",
    "keen",     "kindly",   "kinetic",   "knowing",  "lavender", "leafy",    "lemon",    "light",
    "likable",  "lilac",    "lively",    "local",    "lofty",    "logical",  "lovely",   "loyal",
    "lucid",    "lucky",    "lunar",     "lush",     "magic",    "magnetic", "maple",    "marine",
    "mellow",   "merry",    "mighty",    "mindful",  "minty",    "mirthful", "misty",    "modern",
    "modest",   "musical",  "natural",   "neat",     "neon",     "nifty",    "nimble",   "noble",
    "notable",  "novel",    "oaken",     "olive",    "open",     "optimal",  "orange",   "orderly",
    "pastel",   "patient",  "peaceful",  "pearly",   "peppy",    "perky",    "placid",   "playful",
    "pleasant", "plucky",   "poetic",    "polar",    "polite",   "prime",    "proud",    "pure",
    "quaint",   "quick",    "quiet",     "quirky",   "radiant",  "ready",    "refined",  "regal",
    "relaxed",  "robust",   "rosy",      "royal",    "ruby",     "rustic",   "sage",     "sandy",
    "sapphire", "scenic",   "serene",    "sharp",    "shiny",    "silky",    "silver",   "simple",
    "sincere",  "smart",    "smiling",   "smooth",   "snappy",   "snowy",    "snug",     "solid",
    "sonic",    "spry",     "stable",    "starry",   "steady",   "stellar",  "sterling", "sturdy",
    "suave",    "subtle",   "sunlit",    "sunny",    "superb",   "sure",     "swift",    "tactful",
    "talented", "tidy",     "timely",    "tranquil", "trusty",   "tuneful",  "upbeat",   "upright",
    "urban",    "valiant",  "velvet",    "verdant",  "vibrant",  "violet",   "vivid",    "warm",
    "wise",     "witty",    "wonderful", "woven",    "zany",     "zealous",  "zesty",    "zippy",
};
inline constexpr std::array<std::string_view, 256> kAliasAnimals = {
    "aardvark",   "addax",      "albatross",   "alpaca",    "anteater",   "antelope",
    "armadillo",  "auk",        "avocet",      "axolotl",   "badger",     "barbet",
    "barracuda",  "basilisk",   "beagle",      "bear",      "beaver",     "bee",
    "beetle",     "beluga",     "bison",       "blackbird", "bluebird",   "bobcat",
    "budgie",     "buffalo",    "bulbul",      "bunny",     "bunting",    "butterfly",
    "camel",      "capybara",   "caracal",     "cardinal",  "caribou",    "cassowary",
    "cat",        "chameleon",  "chamois",     "cheetah",   "chinchilla", "chipmunk",
    "cicada",     "civet",      "clam",        "colibri",   "collie",     "corgi",
    "cormorant",  "cougar",     "coyote",      "crab",      "crane",      "cricket",
    "curlew",     "dace",       "deer",        "dingo",     "dipper",     "dormouse",
    "dory",       "dove",       "dragonfly",   "duck",      "dugong",     "dunlin",
    "dunnock",    "eagle",      "echidna",     "eel",       "egret",      "eider",
    "eland",      "elephant",   "elk",         "emu",       "ermine",     "falcon",
    "fawn",       "fennec",     "ferret",      "finch",     "firefly",    "flamingo",
    "fox",        "frog",       "gannet",      "gazelle",   "gibbon",     "giraffe",
    "gnu",        "goat",       "godwit",      "goldfinch", "goldfish",   "goose",
    "gopher",     "grackle",    "greyhound",   "grosbeak",  "guanaco",    "gull",
    "guppy",      "haddock",    "halibut",     "hamster",   "hare",       "harrier",
    "hawk",       "hedgehog",   "heron",       "herring",   "hoopoe",     "hornbill",
    "horse",      "hound",      "hummingbird", "husky",     "ibex",       "ibis",
    "impala",     "jaguar",     "jay",         "jerboa",    "junco",      "kangaroo",
    "kestrel",    "kingfisher", "kite",        "kitten",    "kiwi",       "koala",
    "kudu",       "labrador",   "ladybug",     "lamb",      "lapwing",    "lark",
    "lemur",      "leopard",    "limpet",      "linnet",    "lion",       "lizard",
    "lobster",    "lorikeet",   "lynx",        "macaw",     "mackerel",   "mallard",
    "manta",      "mantis",     "marlin",      "marmot",    "marten",     "martin",
    "meadowlark", "meerkat",    "merlin",      "minnow",    "mole",       "mongoose",
    "moose",      "moth",       "mouse",       "narwhal",   "newt",       "nightingale",
    "numbat",     "nuthatch",   "ocelot",      "okapi",     "orca",       "oriole",
    "otter",      "owl",        "oyster",      "panda",     "pangolin",   "panther",
    "parakeet",   "parrot",     "partridge",   "peacock",   "pelican",    "penguin",
    "perch",      "petrel",     "pheasant",    "pigeon",    "pike",       "plover",
    "pony",       "poodle",     "porcupine",   "porpoise",  "possum",     "ptarmigan",
    "puffin",     "puma",       "puppy",       "quail",     "quetzal",    "quokka",
    "quoll",      "raccoon",    "raven",       "reindeer",  "roadrunner", "robin",
    "rook",       "sable",      "salamander",  "sandpiper", "sardine",    "seahorse",
    "seal",       "serval",     "shrike",      "sloth",     "spaniel",    "sparrow",
    "squid",      "squirrel",   "stingray",    "stoat",     "stork",      "sturgeon",
    "swallow",    "swan",       "swift",       "tamarin",   "tanager",    "tapir",
    "tarsier",    "tern",       "thrush",      "tiger",     "toad",       "tortoise",
    "toucan",     "trout",      "tuna",        "turtle",    "urchin",     "vicuna",
    "walrus",     "warbler",    "waxwing",     "weasel",    "wolf",       "wolverine",
    "wombat",     "wren",       "yak",         "zebra",
};

/// The alias of a peer that brings none: `adjective-animal-NN`, the same for the same fingerprint
/// (docs/protocol.md, "Identity"). One of 6.5 million, so it may be another peer's already. It is
/// made without an allocation.
class AutomaticAlias {
 public:
  AutomaticAlias() = default;  ///< of nobody: empty
  explicit AutomaticAlias(const Fingerprint& fingerprint);
  [[nodiscard]] std::string_view view() const { return {text_.data(), size_}; }
  /// How long that of a fingerprint is.
  [[nodiscard]] static std::size_t size_of(const Fingerprint& fingerprint);

  /// Letters of a word in the two lists; a longer one would be cut.
  static constexpr std::size_t kLongestWord = 12;

 private:
  std::array<char, 2 * (kLongestWord + 1) + 2> text_;
  std::size_t size_ = 0;
};

/// The same as a string.
[[nodiscard]] inline std::string automatic_alias(const Fingerprint& fingerprint) {
  return std::string(AutomaticAlias(fingerprint).view());
}

namespace detail {

/// The words once more, each in as many bytes as the longest: so they are copied without a call.
struct AliasWord {
  std::array<char, AutomaticAlias::kLongestWord> letters{};
  std::uint8_t size = 0;
};
using AliasWords = std::array<AliasWord, 256>;

constexpr AliasWords alias_words(const std::array<std::string_view, 256>& words) {
  AliasWords all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    const std::size_t size = std::min(words[i].size(), all[i].letters.size());
    for (std::size_t j = 0; j < size; ++j) all[i].letters[j] = words[i][j];
    all[i].size = static_cast<std::uint8_t>(size);
  }
  return all;
}
inline constexpr AliasWords kAdjectives = alias_words(kAliasAdjectives);
inline constexpr AliasWords kAnimals = alias_words(kAliasAnimals);

}  // namespace detail

inline AutomaticAlias::AutomaticAlias(const Fingerprint& fingerprint) {
  const auto& bytes = fingerprint.bytes;
  const int number = (bytes[2] << 8 | bytes[3]) % 100;
  char* out = text_.data();
  for (const detail::AliasWord* word :
       {&detail::kAdjectives[bytes[0]], &detail::kAnimals[bytes[1]]}) {
    std::copy_n(word->letters.data(), word->letters.size(), out);
    out += word->size;
    *out++ = '-';
  }
  *out++ = static_cast<char>('0' + number / 10);
  *out++ = static_cast<char>('0' + number % 10);
  size_ = static_cast<std::size_t>(out - text_.data());
}

inline std::size_t AutomaticAlias::size_of(const Fingerprint& fingerprint) {
  const auto& bytes = fingerprint.bytes;
  return detail::kAdjectives[bytes[0]].size + detail::kAnimals[bytes[1]].size +
         std::string_view("--00").size();
}

}  // namespace peer::sdk
