// SPDX-License-Identifier: PostgreSQL
#include "core/audit_leaf.hpp"

#include <gtest/gtest.h>

#include <set>

#include "audit_fixture.hpp"

namespace gdpr {
namespace {

std::string Seed(char first = 0) {
  std::string seed;
  for (char i = 0; i < 16; ++i) seed.push_back(i);
  seed[0] = first;
  return seed;
}

std::string Hex(const Hash& hash) {
  return HexOf(AsText(hash));
}

// The values of these two tests were computed with Python's hashlib and `openssl enc` from the
// description in audit_body.hpp and design notes.
TEST(AuditLeaf, SaltsAreTheKeyStreamOfAesCtr) {
  Salts salts;
  ASSERT_TRUE(salts.Use(Seed()));
  EXPECT_EQ(HexOf(salts.At(9)), "6142645a1f33235e77ec0ffbea341608");
  EXPECT_EQ(HexOf(salts.At(0)), "c6a13b37878f5b826f4f8162a1c8d879");
  ASSERT_TRUE(salts.Use(Seed(1)));
  EXPECT_NE(HexOf(salts.At(0)), "c6a13b37878f5b826f4f8162a1c8d879");
  EXPECT_FALSE(salts.Use(Seed().substr(1)));
}

TEST(AuditLeaf, IsMadeAsDescribed) {
  LeafMaker maker;
  const std::int16_t numbers[] = {1, 2};
  const std::int16_t keys[] = {1};
  const std::string_view names[] = {"id", "email"};
  const std::string_view types[] = {"integer", "text"};
  const Hash shape = maker.ShapeDigest({"crm", "contact", numbers, names, types, keys});
  EXPECT_EQ(Hex(shape), "3e6e66a623994b1603bc1ac9056a912275272e688b598b8e2e472b014bf7e56a");
  const std::string seed = Seed();
  AuditStatement statement;
  statement.statement = 5;
  statement.at = 6;
  statement.system_id = 7;
  statement.xid = 8;
  statement.shape = shape;
  statement.operation = 'U';
  statement.changes = 1;
  statement.session_role = "app";
  statement.acting_role = "owner";
  statement.purpose = "billing";
  statement.seed = seed;
  statement.app_user = "bob";
  Hash digest{};
  ASSERT_TRUE(maker.StatementDigest(statement, digest));
  EXPECT_EQ(Hex(digest), "3f6a4a96f4ddb24249dda74e9a5b41ce02bece3411d6f956abe2ebde5a8ce115");
  const AuditSubject guardian{2, "guardian", "7", seed, std::nullopt};
  std::string body(kEmptyBody);
  body.append(
          "\x02\x12\x06"
          "a@b.fr",
          9)
      .append("\x03\x24\x01x", 4);
  AuditChange change;
  change.n = 1;
  change.subject_type = "contact";
  change.subject_key = "42";
  change.seed = seed;
  change.body = body;
  change.subjects = {&guardian, 1};
  Hash leaf{};
  ASSERT_TRUE(maker.Leaf(digest, change, leaf));
  EXPECT_EQ(Hex(leaf), "82d9aa2f755ff1248629e551bade19f469fe22c0c0df988e385ff5bca789286a");
  EXPECT_EQ(Hex(maker.ConfigurationDigest("audited crm.contact\n")),
            "da72d1b8e337bd0958a9d8387a2e8c8ac4d322df2c066b44eec0443db698a6e0");
}

TEST(AuditLeaf, ErasingAnActorKeepsTheStatement) {
  LeafMaker maker;
  audit::Random random(1);
  for (int i = 0; i < 500; ++i) {
    audit::StatementRow row = audit::RandomStatement(random, i);
    Hash before{};
    Hash after{};
    ASSERT_TRUE(maker.StatementDigest(row.View(), before));
    row.actor_digests = *maker.ActorDigests(row.View());
    row.seed.reset();
    row.app_user.reset();
    row.client_address.reset();
    ASSERT_TRUE(maker.StatementDigest(row.View(), after));
    EXPECT_EQ(before, after);
    EXPECT_EQ(maker.ActorDigests(row.View()), row.actor_digests);
    row.app_user = "somebody";
    EXPECT_FALSE(maker.StatementDigest(row.View(), after));
  }
}

TEST(AuditLeaf, ErasingValuesKeepsTheLeafAndNoValue) {
  LeafMaker maker;
  audit::Random random(2);
  const Hash statement{4, 2};
  for (int i = 0; i < 2000; ++i) {
    audit::ChangeRow row = audit::RandomChange(random, i % 7 + 1);
    const std::vector<std::int16_t> readable = {2, 5, 6};
    Hash before{};
    Hash after{};
    ASSERT_TRUE(maker.Leaf(statement, row.View(), before));
    const audit::ChangeRow written = row;
    audit::Erase(maker, row, readable, random.Below(2) == 0, random.Below(2) == 0);
    ASSERT_TRUE(maker.Leaf(statement, row.View(), after)) << i;
    EXPECT_EQ(before, after) << i;
    BodyReader old(written.body);
    BodyReader now(row.body);
    for (BodyColumn was, is; old.Next(was) && now.Next(is);) {
      const bool stays = std::ranges::count(readable, static_cast<int>(was.number)) > 0;
      EXPECT_EQ(is.number, was.number);
      EXPECT_EQ(is.from.IsReadable(), was.from.IsReadable() && stays);
      EXPECT_EQ(is.to.IsReadable(), was.to.IsReadable() && stays);
      EXPECT_EQ(is.to.value, is.to.IsReadable() ? was.to.value : "");
    }
    EXPECT_TRUE(old.IsSound() && now.IsSound());
    // Erased again: what was readable goes too, and the leaf still stays
    audit::Erase(maker, row, {}, true, true);
    ASSERT_TRUE(maker.Leaf(statement, row.View(), after));
    EXPECT_EQ(before, after);
    BodyReader again(row.body);
    for (BodyColumn column; again.Next(column);) {
      EXPECT_FALSE(column.from.IsReadable() || column.to.IsReadable());
    }
  }
}

TEST(AuditLeaf, RowsThatWereNeverWrittenHaveNoLeaf) {
  LeafMaker maker;
  audit::Random random(3);
  Hash leaf{};
  audit::ChangeRow row = audit::RandomChange(random, 1);
  row.subject_key = "1";
  row.body = std::string(kEmptyBody) + std::string("\x01\x20\x01x", 4);
  ASSERT_TRUE(maker.Leaf(Hash{}, row.View(), leaf));
  audit::ChangeRow other = row;
  other.seed = std::nullopt;
  EXPECT_FALSE(maker.Leaf(Hash{}, other.View(), leaf));
  EXPECT_EQ(maker.ErasedBody(other.View(), {}, true, true), std::nullopt);
  other = row;
  other.seed->pop_back();
  EXPECT_FALSE(maker.Leaf(Hash{}, other.View(), leaf));
  other = row;
  other.body.pop_back();
  EXPECT_FALSE(maker.Leaf(Hash{}, other.View(), leaf));
  EXPECT_EQ(maker.ErasedBody(other.View(), {}, true, true), std::nullopt);
}

TEST(AuditLeaf, KnownValueWithUnknownSaltIsNotFound) {
  LeafMaker maker;
  audit::Random random(4);
  audit::ChangeRow row = audit::RandomChange(random, 1);
  row.body = std::string(kEmptyBody) + std::string(
                                           "\x01\x20\x06"
                                           "a@b.fr",
                                           9);
  const std::string seed = *row.seed;
  audit::Erase(maker, row, {}, true, true);
  ASSERT_EQ(row.seed, std::nullopt);
  BodyReader reader(row.body);
  BodyColumn column;
  ASSERT_TRUE(reader.Next(column));
  const std::string digest(column.to.digest);
  Sha256 sha256;
  for (int i = 0; i < 2000; ++i) {
    EXPECT_NE(AsText(sha256.OfValue(random.Bytes(16), "a@b.fr")), digest);
  }
  for (const std::string& salt : {std::string(), digest.substr(0, 16), std::string(16, '\0')}) {
    EXPECT_NE(AsText(sha256.OfValue(salt, "a@b.fr")), digest);
  }
  Salts salts;  // and with it, it is
  salts.Use(seed);
  EXPECT_EQ(AsText(sha256.OfValue(salts.At(Salts::To(0)), "a@b.fr")), digest);
}

}  // namespace
}  // namespace gdpr
