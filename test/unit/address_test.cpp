// SPDX-License-Identifier: PostgreSQL
#include "core/address.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/digest.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"

namespace gdpr {
namespace {

const Key kKey = [] {
  Key key;
  key.fill(7);
  return key;
}();

std::string HexOf16(const AddressDigests::Digest& digest) {
  return HexOf({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

std::vector<std::string> All(std::string_view channel, std::string_view plain,
                             AddressDigests::Kinds kinds) {
  AddressDigests digests(kKey, channel);
  std::vector<AddressDigests::Digest> found;
  digests.OfAddress(plain, kinds, found);
  std::vector<std::string> hex;
  for (const auto& digest : found) hex.push_back(HexOf16(digest));
  return hex;
}

std::string Entry(EntryKind kind, std::string_view entry) {
  AddressDigests digests(kKey, "email");
  AddressDigests::Digest digest;
  return digests.OfEntry(kind, entry, digest) ? HexOf16(digest) : "";
}

TEST(Address, PlainFormsAreThoseOfTheirChannel) {
  EXPECT_EQ(PlainAddress("email", "\t <Ada.X@Example.ORG>\r\n"), "ada.x@example.org");
  EXPECT_EQ(PlainAddress("email", "J\xC3\x9Crgen@m\xC3\xBCller.de"),
            "j\xC3\x9Crgen@m\xC3\xBCller.de");
  EXPECT_EQ(PlainAddress("sms", "0049 (30) 555-01"), "493055501");
  EXPECT_EQ(PlainAddress("post", "Main St. 5, 12345 Town"), "mainst512345town");
  EXPECT_EQ(PlainAddress("app", "  Device 5 "), "Device 5");
  EXPECT_EQ(PlainAddress("email", " <> "), "");
}

TEST(Address, IsSomethingThatCanBeWrittenTo) {
  for (const char* good : {"a@b", "o'brien+news@example.ie", "a@b@c.org", "j\xC3\xBCrgen@x.de"}) {
    EXPECT_TRUE(IsAddress("email", good)) << good;
  }
  for (const char* bad : {"", "@b", "a@", "abc", "a b@c.org", "a@b\x01", "a@b\x7f"}) {
    EXPECT_FALSE(IsAddress("email", bad)) << bad;
  }
  EXPECT_TRUE(IsAddress("email", std::string(318, 'a') + "@b"));
  EXPECT_FALSE(IsAddress("email", std::string(319, 'a') + "@b"));
  EXPECT_TRUE(IsAddress("sms", "12345"));
  EXPECT_FALSE(IsAddress("sms", "1234"));
  EXPECT_FALSE(IsAddress("telephone", std::string(21, '1')));
}

TEST(Address, DomainsHaveTwoSpellingsForEachMeaning) {
  EXPECT_EQ(PlainDomain("@Example.com"), "@example.com");
  EXPECT_EQ(PlainDomain(" example.com. "), "@example.com");
  EXPECT_EQ(PlainDomain(".example.fr"), ".example.fr");
  EXPECT_EQ(PlainDomain("*.example.fr"), ".example.fr");
  for (const char* bad : {"", "@", ".", "*", "*.", ".com", "@localhost", "a..b", "a@b.c", "..a.b",
                          "*a.b", "a b.c", "http://a.b"}) {
    EXPECT_EQ(PlainDomain(bad), "") << bad;
  }
  EXPECT_TRUE(IsDomainEntry("email", "@example.com"));
  EXPECT_TRUE(IsDomainEntry("email", " .example.com"));
  EXPECT_FALSE(IsDomainEntry("email", "example.com"));
  EXPECT_FALSE(IsDomainEntry("email", "@example.com@x"));
  EXPECT_FALSE(IsDomainEntry("sms", ".5"));
}

TEST(AddressDigests, AreKeyedDigestsCutTo128Bits) {
  EXPECT_EQ(Entry(EntryKind::kAddress, " Ada@Example.org"),
            KeyedDigest(kKey, "suppression email", "ada@example.org").substr(0, 32));
  EXPECT_EQ(
      Entry(EntryKind::kMd5, "EB22F95D2CFD2FBDCD8E0531FDEEE725\r"),
      KeyedDigest(kKey, "suppression email md5", "eb22f95d2cfd2fbdcd8e0531fdeee725").substr(0, 32));
  EXPECT_EQ(Entry(EntryKind::kMd5, "eb22"), "");
  EXPECT_EQ(Entry(EntryKind::kSha1, std::string(40, 'g')), "");
}

TEST(AddressDigests, OfAnAddressFindEveryEntryThatMeansIt) {
  const AddressDigests::Kinds every = {true, true, true, true, true};
  const std::vector<std::string> found = All("email", "abc@d.b.org", every);
  // itself, three digests, its own domain, and it and the one above as ".…"
  ASSERT_EQ(found.size(), 7U);
  EXPECT_EQ(found[0], Entry(EntryKind::kAddress, "ABC@d.b.org"));
  EXPECT_EQ(found[4], Entry(EntryKind::kDomain, "d.b.org"));
  EXPECT_EQ(found[5], Entry(EntryKind::kDomain, "*.d.b.org"));
  EXPECT_EQ(found[6], Entry(EntryKind::kDomain, ".b.org"));
  EXPECT_EQ(All("email", "anna.schmidt@example.de", {false, true, false, false, false})[0],
            Entry(EntryKind::kMd5, "eb22f95d2cfd2fbdcd8e0531fdeee725"));
  EXPECT_EQ(All("email", "abc", {false, false, true, false, false})[0],
            Entry(EntryKind::kSha1, "a9993e364706816aba3e25717850c26c9cd0d89d"));
  EXPECT_EQ(All("email", "abc", {false, false, false, true, false})[0],
            Entry(EntryKind::kSha256,
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  EXPECT_EQ(All("sms", "4930106", every).size(), 4U);
  EXPECT_EQ(All("email", "no-domain", every).size(), 4U);
  EXPECT_EQ(All("email", "a@" + std::string(300, 'x') + ".org", every).size(), 4U);
}

TEST(AddressDigests, OfChannelsAndKindsDiffer) {
  const AddressDigests::Kinds address = {true, false, false, false, false};
  EXPECT_NE(All("sms", "4930106", address), All("telephone", "4930106", address));
  EXPECT_NE(Entry(EntryKind::kDomain, ".a.b"), Entry(EntryKind::kDomain, "@a.b"));
  EXPECT_THROW(ParseEntryKind("crc"), Error);
  EXPECT_EQ(ParseEntryKind("domain"), EntryKind::kDomain);
}

}  // namespace
}  // namespace gdpr
