#include "core/hub/peer_page.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace peer {
namespace {

const std::string kAnnObject = R"({"alias":"ann1","meta":{"a":1}})";
const std::string kBareAnn = R"({"alias":"ann1"})";
const std::string kBobObject = R"({"alias":"bob1","meta":{"b":2}})";
const std::string kBareBob = R"({"alias":"bob1"})";

PeerPage page(std::size_t bytes, bool lists_all, std::size_t peers = 50) {
  return make_page({kAnnObject, kBobObject}, {peers, bytes, lists_all});
}

TEST(PeerPageTest, WithoutItsMetaAnObjectIsAnObject) {
  EXPECT_EQ(without_meta(kAnnObject), kBareAnn);
  EXPECT_EQ(without_meta(kBareAnn), kBareAnn);
  EXPECT_EQ(without_meta(R"({"alias":"a","meta":{"x":{"y":",\"meta\":"},"meta":{}}})"),
            R"({"alias":"a"})");
}

// An alias is the client's: as it is escaped, it cannot look like the member.
TEST(PeerPageTest, AnAliasThatNamesMetaIsKept) {
  const std::string object = R"({"alias":",\"meta\":{}","app_type":",\"meta\":","meta":{"a":1}})";
  EXPECT_EQ(without_meta(object), R"({"alias":",\"meta\":{}","app_type":",\"meta\":"})");
}

TEST(PeerPageTest, APageEndsBeforeTheFirstThatDoesNotFit) {
  const std::size_t both = kAnnObject.size() + kBobObject.size() + 1;
  EXPECT_EQ(page(both, false).peers, kAnnObject + "," + kBobObject);
  EXPECT_EQ(page(both - 1, false).peers, kAnnObject);
  EXPECT_EQ(page(both - 1, false).listed, 1U);
  EXPECT_EQ(page(both, false, 1).peers, kAnnObject);
  EXPECT_EQ(page(both, false, 0).peers, "");
}

TEST(PeerPageTest, APageHasOnePeerWhateverItsSize) {
  EXPECT_EQ(page(10, false).peers, kBareAnn);
  EXPECT_EQ(page(0, false).listed, 1U);
}

TEST(PeerPageTest, WhereAllAreListedTheLastLoseTheirMetaFirst) {
  EXPECT_EQ(page(1000, true).peers, kAnnObject + "," + kBobObject);
  EXPECT_EQ(page(kAnnObject.size() + kBareBob.size() + 2, true).peers, kAnnObject + "," + kBareBob);
  EXPECT_EQ(page(kAnnObject.size() + kBareBob.size() + 1, true).peers, kBareAnn + "," + kBareBob);
  EXPECT_EQ(page(0, true).peers, kBareAnn + "," + kBareBob);
}

TEST(PeerPageTest, BehindOneWithoutMetaNobodyHasAny) {
  const std::string big = R"({"alias":"ann1","meta":{"a":")" + std::string(500, 'x') + R"("}})";
  EXPECT_EQ(make_page({big, kBobObject}, {50, 100, true}).peers, kBareAnn + "," + kBareBob);
}

TEST(PeerPageTest, AWholePageIsNeverLongerThanItsBoundWhileTheBareOnesFit) {
  std::vector<std::string> texts;
  for (int i = 0; i < 30; ++i) {
    texts.push_back(R"({"alias":"p","meta":{"x":")" +
                    std::string(static_cast<std::size_t>(i) * 37, 'x') + R"("}})");
  }
  const std::vector<ObjectView> objects(texts.begin(), texts.end());
  for (std::size_t bytes = 30 * 14; bytes < 20'000; bytes += 97) {
    const PeerPage whole = make_page(objects, {0, bytes, true});
    EXPECT_EQ(whole.listed, 30U);
    EXPECT_LE(whole.peers.size(), bytes);
  }
}

// --- Objects as they are kept

const Fingerprint kAnn = fingerprint_of("ann");

std::string object_of(const Fingerprint& peer, std::string_view more) {
  return R"({"fingerprint":")" + to_hex(peer) + "\"" + std::string(more);
}

TEST(KeptObjectTest, KeepsTheDigitsOfItsOwnFingerprintInNoText) {
  const std::string object = object_of(kAnn, R"(,"alias":"ann1","meta":{"a":1}})");
  const KeptObject kept(object, kAnn);
  EXPECT_EQ(kept.view(kAnn).text, R"(,"alias":"ann1","meta":{"a":1}})");
  EXPECT_EQ(kept.whole(kAnn), object);
  EXPECT_EQ(kept.view(kAnn).size(), object.size());
}

TEST(KeptObjectTest, WhatBeginsOtherwiseIsKeptAsItIs) {
  for (const std::string& object :
       {kAnnObject, std::string(), object_of(fingerprint_of("bob"), "}"), object_of(kAnn, ""),
        object_of(kAnn, "{}"), std::string("\"Ann\""),
        R"({"fingerprint":"ann"})" + std::string(80, ' ')}) {
    EXPECT_EQ(KeptObject(object, kAnn).whole(kAnn), object);
    EXPECT_EQ(KeptObject(object, kAnn).view(kAnn).text, object);
  }
}

TEST(KeptObjectTest, APageHasItAsAWhole) {
  const std::string object = object_of(kAnn, R"(,"alias":"ann1","meta":{"a":1}})");
  const std::string bare = object_of(kAnn, R"(,"alias":"ann1"})");
  const KeptObject kept(object, kAnn);
  const std::vector<ObjectView> objects{kept.view(kAnn), kBobObject};
  const std::size_t both = object.size() + kBobObject.size() + 1;
  EXPECT_EQ(make_page(objects, {50, both}).peers, object + "," + kBobObject);
  EXPECT_EQ(make_page(objects, {50, both + 1}).peers, object + "," + kBobObject);
  EXPECT_EQ(make_page(objects, {50, both + 1, true}).peers, object + "," + kBobObject);
  EXPECT_EQ(make_page(objects, {50, both - 1}).listed, 1U);
  EXPECT_EQ(make_page(objects, {50, bare.size()}).peers, bare);
  EXPECT_EQ(make_page(objects, {50, both - 1, true}).peers, object + "," + kBareBob);
  EXPECT_EQ(make_page(objects, {50, bare.size() + kBareBob.size(), true}).peers,
            bare + "," + kBareBob);
}

}  // namespace
}  // namespace peer
