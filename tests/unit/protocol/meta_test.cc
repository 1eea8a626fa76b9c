#include "core/protocol/meta.h"

#include <gtest/gtest.h>

namespace peer {
namespace {

Meta meta_of(std::string_view object) {
  Meta meta;
  meta.merge(object);
  return meta;
}

TEST(MetaTest, IsAnEmptyObjectAtFirst) {
  EXPECT_EQ(Meta().to_json(), "{}");
  EXPECT_EQ(Meta().json_size(), 2U);
  EXPECT_TRUE(meta_of("").empty());
  EXPECT_TRUE(meta_of("{ }").empty());
}

TEST(MetaTest, KeepsValuesByteForByte) {
  EXPECT_EQ(meta_of(R"({ "a" : 1.0 , "b" : [ 1e999, "\ud800" ] , "c":{"x":1, "x":2} })").to_json(),
            R"({"a":1.0,"b":[ 1e999, "\ud800" ],"c":{"x":1, "x":2}})");
}

TEST(MetaTest, ReplacesInPlaceAndAppendsWhatIsNew) {
  Meta meta = meta_of(R"({"a":1,"b":2})");
  meta.merge(R"({"c":3,"a":"x"})");
  EXPECT_EQ(meta.to_json(), R"({"a":"x","b":2,"c":3})");
}

TEST(MetaTest, NullRemovesAKey) {
  Meta meta = meta_of(R"({"a":1,"b":2,"c":3})");
  meta.merge(R"({"b":null,"unknown":null})");
  EXPECT_EQ(meta.to_json(), R"({"a":1,"c":3})");
  meta.merge(R"({"a":null,"c":null})");
  EXPECT_TRUE(meta.empty());
}

TEST(MetaTest, AKeyThatComesBackIsLast) {
  Meta meta = meta_of(R"({"a":1,"b":2})");
  meta.merge(R"({"a":null})");
  meta.merge(R"({"a":3})");
  EXPECT_EQ(meta.to_json(), R"({"b":2,"a":3})");
}

TEST(MetaTest, ComparesKeysDecoded) {
  Meta meta = meta_of(R"({"\u0061":1})");
  meta.merge(R"({"a":2})");
  EXPECT_EQ(meta.to_json(), R"({"\u0061":2})");
}

TEST(MetaTest, ChangesAreWhatIsNewInItsOrderAndThenWhatIsGoneInIts) {
  const Meta before = meta_of(R"({"z":1,"same":2,"\u0062":3,"y":4})");
  const Meta now = meta_of(R"({"new":5,"same":2,"b":6})");
  EXPECT_EQ(now.changes_from(before), R"({"new":5,"b":6,"z":null,"y":null})");
  EXPECT_EQ(now.changes_from(now), "");
}

TEST(MetaTest, KeysThatAreAskedForAreToldWithoutAChange) {
  const Meta meta = meta_of(R"({"a":1,"b":2})");
  EXPECT_EQ(meta.changes_from(meta, {{"b", R"("\u0062")"}, {"x", R"("x")"}}),
            R"({"b":2,"x":null})");
}

TEST(MetaTest, ChangedKeysAreThoseOfTheChanges) {
  const Meta before = meta_of(R"({"z":1,"same":2,"\u0062":3,"y":4})");
  MetaKeys keys{{"z", "as it was"}};
  meta_of(R"({"new":5,"same":2,"b":6})").add_changed_keys(before, keys);
  EXPECT_EQ(keys,
            (MetaKeys{{"b", R"("b")"}, {"new", R"("new")"}, {"y", R"("y")"}, {"z", "as it was"}}));
}

TEST(MetaTest, SizeIsThatOfTheText) {
  for (const char* object : {"{}", R"({"a":1})", R"({"a":1 , "b":"xyz" ,"c":[ ]})"}) {
    const Meta meta = meta_of(object);
    EXPECT_EQ(meta.json_size(), meta.to_json().size()) << object;
  }
}

TEST(MetaTest, MergesThousandsOfKeys) {
  std::string object;
  for (int i = 0; i < 20000; ++i) object += (i ? ",\"" : "{\"") + std::to_string(i) + "\":0";
  object += "}";
  Meta meta = meta_of(object);
  meta.merge(object);
  EXPECT_EQ(meta.to_json(), object);
}

}  // namespace
}  // namespace peer
