// SPDX-License-Identifier: PostgreSQL
// Rows of COPY BINARY: what goes in as PostgreSQL 15 sends it, and what comes out.
#include <gtest/gtest.h>

#include <array>
#include <random>
#include <utility>

#include "batch/copy/copy_row.hpp"
#include "batch/copy/copy_row_bytes.hpp"
#include "batch/copy/copy_row_codec.hpp"
#include "batch/copy/copy_row_numeric.hpp"
#include "batch/output/fault.hpp"

namespace gdpr::batch {
namespace {

constexpr std::uint32_t kColour = 20001, kCitext = 20002, kShort = 20003, kTexts = 1009,
                        kShorts = 20004, kPair = 20005, kColours = 20006, kNumerics = 1231;

std::string Hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::string Bytes(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16));
  }
  return bytes;
}

std::vector<TypeRow> Rows() {
  std::vector<TypeRow> rows;
  for (const std::uint32_t number :
       {oid::kBool,    oid::kBytea,     oid::kName,        oid::kInt8,     oid::kInt2,
        oid::kInt4,    oid::kText,      oid::kJson,        oid::kXml,      oid::kPoint,
        oid::kCidr,    oid::kFloat4,    oid::kFloat8,      oid::kMacaddr8, oid::kMoney,
        oid::kMacaddr, oid::kInet,      oid::kBpchar,      oid::kVarchar,  oid::kDate,
        oid::kTime,    oid::kTimestamp, oid::kTimestamptz, oid::kInterval, oid::kTimetz,
        oid::kNumeric, oid::kUuid,      oid::kTsvector,    oid::kJsonb}) {
    rows.push_back({.oid = number});
  }
  rows.push_back({.oid = kColour, .typtype = 'e', .labels = {"red", "unknown", "blue"}});
  rows.push_back({.oid = kCitext, .like_text = true, .any_case = true});
  rows.push_back({.oid = kShort, .typtype = 'd', .base = oid::kVarchar, .typmod = 4 + 12});
  rows.push_back({.oid = kTexts, .element = oid::kText});
  rows.push_back({.oid = kShorts, .element = kShort});
  rows.push_back({.oid = kColours, .element = kColour});
  rows.push_back({.oid = kNumerics, .element = oid::kNumeric});
  rows.push_back({.oid = kPair, .typtype = 'c'});
  return rows;
}

const CatalogTypes& Types() {
  static const CatalogTypes types{Rows()};
  return types;
}

CopyTable TableOf(std::vector<CopyColumn> columns) {
  CopyTable table;
  table.schema = "crm";
  table.name = "contact";
  table.columns = std::move(columns);
  return table;
}

using Fields = std::vector<std::optional<std::string>>;

std::string Tuple(const Fields& fields) {
  std::string tuple;
  Append(static_cast<std::uint16_t>(fields.size()), tuple);
  for (const auto& field : fields) {
    Append(field ? static_cast<std::uint32_t>(field->size()) : 0xFFFFFFFFU, tuple);
    tuple += field.value_or("");
  }
  return tuple;
}

std::string Treated(const CopyTable& table, const Fields& fields, Profile profile = Profile::kErase,
                    std::span<const std::uint8_t> key = {}) {
  RowTreater treater(table, Types(), profile, key);
  std::string out;
  treater.Treat(Tuple(fields), out);
  return out;
}

/// The one field of a row of one column, in hex.
std::string One(std::uint32_t type, const std::string& rule, std::string_view hex,
                Profile profile = Profile::kErase, std::int32_t typmod = -1) {
  const CopyTable table = TableOf({{"c", type, typmod, false, rule, false}});
  const std::string out = Treated(table, {Bytes(hex)}, profile);
  EXPECT_EQ(Load<std::uint16_t>(out.data()), 1);
  if (Load<std::uint32_t>(out.data() + 2) == 0xFFFFFFFFU) return "NULL";
  EXPECT_EQ(Load<std::uint32_t>(out.data() + 2), out.size() - 6);
  return Hex(std::string_view(out).substr(6));
}

TEST(CopyRow, a_numeric_is_read_as_numeric_out_prints_it_and_comes_back_in_the_same_bytes) {
  // encode(numeric_send(x), 'hex') of PostgreSQL 15
  const std::pair<const char*, const char*> recorded[] = {
      {"0", "0000000000000000"},
      {"0.000", "0000000000000003"},
      {"1", "00010000000000000001"},
      {"-1", "00010000400000000001"},
      {"10000", "00010001000000000001"},
      {"100000000", "00010002000000000001"},
      {"9999.9999", "0002000000000004270f270f"},
      {"0.1", "0001ffff0000000103e8"},
      {"0.0001", "0001ffff000000040001"},
      {"0.00010", "0001ffff000000050001"},
      {"-42.50", "0002000040000002002a1388"},
      {"-0.00001234", "0001fffe4000000804d2"},
      {"12345678901234567890.123456789", "000800040000000904d2162e23340d801ed204d2162e2328"},
      {"100000000000000000000.00", "00010005000000020001"},
      {"1000000000000000000000000000000", "00010007000000000064"},
      {"0.000000000000000000000000000001", "0001fff80000001e0064"},
      {"NaN", "00000000c0000000"}};
  for (const auto& [text, hex] : recorded) {
    std::string read, written;
    EXPECT_TRUE(NumericToText(Bytes(hex), read)) << text;
    EXPECT_EQ(read, text);
    EXPECT_TRUE(TextToNumeric(text, written)) << text;
    EXPECT_EQ(Hex(written), hex) << text;
  }
  std::string read;
  EXPECT_TRUE(NumericToText(Bytes("00000000d0000020"), read));
  EXPECT_TRUE(NumericToText(Bytes("00000000f0000020"), read));
  EXPECT_EQ(read, "Infinity-Infinity");
}

TEST(CopyRow, a_numeric_may_have_an_exponent_and_must_be_a_number) {
  const auto hex = [](std::string_view text) {
    std::string field;
    return TextToNumeric(text, field) ? Hex(field) : std::string("none");
  };
  EXPECT_EQ(hex("1e30"), "00010007000000000064");
  EXPECT_EQ(hex("1e-30"), "0001fff80000001e0064");
  EXPECT_EQ(hex("+4.25E1"), "0002000000000001002a1388");
  EXPECT_EQ(hex(".5"), "0001ffff000000011388");
  EXPECT_EQ(hex("-0"), "0000000000000000");
  for (const char* text : {"", "-", ".", "1.2.3", "1e", "1e9999999", "Anonymized", "0x10", " 1"}) {
    EXPECT_EQ(hex(text), "none") << text;
  }
}

TEST(CopyRow, digits_before_the_point_are_counted_without_leading_zeros) {
  EXPECT_EQ(DigitsBeforePoint("007.25"), 1);
  EXPECT_EQ(DigitsBeforePoint("-1234"), 4);
  EXPECT_EQ(DigitsBeforePoint("0.001"), 0);
  EXPECT_EQ(DigitsBeforePoint("1e5"), 6);
  EXPECT_EQ(DigitsBeforePoint("NaN"), 0);
}

TEST(CopyRow, an_erased_value_is_what_the_server_would_receive_for_each_type) {
  const std::string anonymized = Hex("Anonymized");
  EXPECT_EQ(One(oid::kText, "full_name", Hex("Anna Keller")), anonymized);
  EXPECT_EQ(One(oid::kVarchar, "full_name", Hex("Anna")), anonymized);
  EXPECT_EQ(One(oid::kName, "username", Hex("anna")), anonymized);
  EXPECT_EQ(One(kCitext, "full_name", Hex("Anna")), anonymized);
  EXPECT_EQ(One(kShort, "full_name", Hex("Anna")), anonymized);
  EXPECT_EQ(One(oid::kInt2, "age", "002a"), "0000");
  EXPECT_EQ(One(oid::kInt4, "age", "0000002a"), "00000000");
  EXPECT_EQ(One(oid::kInt8, "age", "000000000000002a"), "0000000000000000");
  EXPECT_EQ(One(oid::kMoney, "salary", "000000000000002a"), "0000000000000000");
  EXPECT_EQ(One(oid::kNumeric, "salary", "0002000040000002002a1388"), "0000000000000000");
  EXPECT_EQ(One(oid::kFloat4, "salary", "42280000"), "00000000");
  EXPECT_EQ(One(oid::kFloat8, "salary", "4045000000000000"), "0000000000000000");
  EXPECT_EQ(One(oid::kBool, "union", "01"), "00");
  EXPECT_EQ(One(oid::kTime, "free_text", "0000000a8c5d7a40"), "0000000000000000");
  EXPECT_EQ(One(oid::kTimetz, "free_text", "0000000a8c5d7a40ffffe5b8"), "000000000000000000000000");
  EXPECT_EQ(One(oid::kInterval, "free_text", "0000000000000001fffffffb00000026"),
            "00000000000000000000000000000000");
  EXPECT_EQ(One(kColour, "gender", Hex("blue")), Hex("unknown"));
  EXPECT_EQ(One(oid::kMacaddr, "mac", "08002b010203"), "000000000000");
  EXPECT_EQ(One(oid::kMacaddr8, "mac", "08002b0102030405"), "0000000000000000");
  EXPECT_EQ(One(oid::kBytea, "photo", "ffd8"), "");
  EXPECT_EQ(One(oid::kPoint, "geo", "3ff0000000000000c000000000000000"),
            "00000000000000000000000000000000");
  EXPECT_EQ(One(oid::kTsvector, "search_copy", "00000001610000"), "00000000");
  EXPECT_EQ(One(oid::kJson, "profile_json", Hex(R"({"name": "Bo"})")),
            Hex(R"({"name": "Anonymized"})"));
  EXPECT_EQ(One(oid::kJsonb, "profile_json", "01" + Hex(R"({"name": "Bo"})")),
            "01" + Hex(R"({"name": "Anonymized"})"));
  EXPECT_EQ(One(oid::kXml, "profile_xml", Hex("<a>Bo</a>")), Hex("<a>Anonymized</a>"));
  EXPECT_EQ(One(kPair, "free_text", "00000000"), "NULL");
}

TEST(CopyRow, an_address_keeps_its_family_and_a_cidr_has_no_bits_behind_its_mask) {
  EXPECT_EQ(One(oid::kInet, "ip", "02200004c0000207", Profile::kGeneralize), "02180004c0000200");
  EXPECT_EQ(One(oid::kCidr, "ip", "02180104c0000200", Profile::kGeneralize), "02180104c0000200");
  EXPECT_EQ(One(oid::kInet, "ip", "0380001020010db8000000000000000000000007", Profile::kGeneralize),
            "0330001020010db8000000000000000000000000");
}

TEST(CopyRow, dates_and_infinity_are_the_servers_own_numbers) {
  // -7253 is 1980-02-22, -7305 the first day of that year
  EXPECT_EQ(One(oid::kDate, "birth_date", "ffffe3ab", Profile::kGeneralize), "ffffe377");
  EXPECT_EQ(One(oid::kDate, "birth_date mask=keep", "7fffffff", Profile::kMask), "7fffffff");
  // What cannot be told from the last day there is becomes the erased day.
  EXPECT_EQ(One(oid::kDate, "birth_date", "7fffffff", Profile::kGeneralize),
            One(oid::kDate, "birth_date", "00000000", Profile::kErase));
}

TEST(CopyRow, the_padding_of_char_is_not_part_of_the_value) {
  EXPECT_EQ(One(oid::kBpchar, "postal_code", Hex("W1A 1AA   "), Profile::kMask, 4 + 10),
            One(oid::kText, "postal_code", Hex("W1A 1AA"), Profile::kMask));
}

TEST(CopyRow, columns_without_a_rule_pass_byte_for_byte_whatever_they_hold) {
  const CopyTable table = TableOf({{"id", oid::kInt4, -1, true, "", false},
                                   {"pair", kPair, -1, false, "", false},
                                   {"name", oid::kText, -1, false, "full_name", false},
                                   {"json", oid::kJsonb, -1, false, "", false},
                                   {"kept", oid::kNumeric, -1, false, "not_personal", false}});
  const Fields row = {"any", Bytes("00ff"), "Bo", "\x07broken", std::nullopt};
  Fields wanted = row;
  wanted[2] = "Anonymized";
  EXPECT_EQ(Hex(Treated(table, row)), Hex(Tuple(wanted)));
}

TEST(CopyRow, a_table_without_any_rule_needs_no_treatment) {
  const CopyTable plain = TableOf({{"id", oid::kInt4, -1, true, "", false},
                                   {"kept", oid::kText, -1, false, "not_personal", false}});
  EXPECT_TRUE(RowTreater(plain, Types(), Profile::kErase, {}).passes());
  CopyTable seeded = plain;
  seeded.seed_sql = "t.id";
  EXPECT_FALSE(RowTreater(seeded, Types(), Profile::kErase, {}).passes());
  const CopyTable nulled = TableOf({{"id", oid::kInt4, -1, false, "", true}});
  EXPECT_FALSE(RowTreater(nulled, Types(), Profile::kErase, {}).passes());
}

TEST(CopyRow, null_stays_null_and_a_column_that_goes_to_null_does) {
  const CopyTable table = TableOf({{"name", oid::kText, -1, false, "full_name", false},
                                   {"left", oid::kText, -1, false, "", true},
                                   {"none", oid::kText, -1, false, "full_name erase=null", false}});
  EXPECT_EQ(Hex(Treated(table, {std::nullopt, "secret", "secret"})),
            Hex(Tuple({std::nullopt, std::nullopt, std::nullopt})));
}

TEST(CopyRow, an_array_keeps_its_dimensions_and_its_nulls) {
  // array_send('{{a,b},{c,NULL}}'::text[])
  const std::string head =
      "0000000200000001000000190000000200000001"
      "0000000200000001";
  const std::string ten = "0000000a" + Hex("Anonymized");
  EXPECT_EQ(One(kTexts, "full_name", head + "000000016100000001620000000163ffffffff"),
            head + ten + ten + ten + "ffffffff");
  EXPECT_EQ(One(kTexts, "full_name", "000000000000000000000019"), "000000000000000000000019");
}

TEST(CopyRow, an_array_says_that_it_has_nulls_if_its_elements_became_null) {
  EXPECT_EQ(One(kTexts, "full_name erase=null",
                "000000010000000000000019"
                "0000000100000001"
                "0000000161"),
            "000000010000000100000019"
            "0000000100000001"
            "ffffffff");
}

TEST(CopyRow, several_rows_come_in_one_batch_and_are_counted) {
  const CopyTable table = TableOf({{"name", oid::kText, -1, false, "first_name", false}});
  RowTreater treater(table, Types(), Profile::kMask, {});
  std::string out;
  treater.Treat(Tuple({"Anna"}) + Tuple({std::nullopt}) + Tuple({"Bo"}), out);
  treater.Treat("", out);
  treater.Treat(Tuple({"Cleo"}), out);
  EXPECT_EQ(treater.rows(), 4);
}

TEST(CopyRow, the_seed_is_read_and_not_written) {
  CopyTable table = TableOf({{"name", oid::kText, -1, false, "first_name", false}});
  table.seed_sql = "t.id";
  EXPECT_EQ(Hex(Treated(table, {"Anna", "4711"})), Hex(Tuple({"Anonymized"})));
  const std::array<std::uint8_t, 32> key{1, 2, 3};
  const auto fake = [&](const char* value, std::optional<std::string> seed) {
    return Treated(table, {value, std::move(seed)}, Profile::kFake, key);
  };
  EXPECT_EQ(fake("Anna", "4711"), fake("Bo", "4711")) << "by person: the value does not matter";
  EXPECT_NE(fake("Anna", std::nullopt), fake("Bo", std::nullopt)) << "without a seed it does";
}

TEST(CopyRow, the_country_of_the_row_counts_only_where_the_rule_asks_for_it) {
  CopyTable table = TableOf({{"name", oid::kText, -1, false, "city fake=fake(country)", false},
                             {"town", oid::kText, -1, false, "city", false},
                             {"country", oid::kBpchar, 4 + 3, false, "", false}});
  table.country_column = "country";
  const std::array<std::uint8_t, 32> key{1, 2, 3};
  int differ = 0;
  for (int i = 0; i < 20; ++i) {
    const std::string value = "Somewhere" + std::to_string(i);
    const auto out = [&](const char* country) {
      return Treated(table, {value, value, country}, Profile::kFake, key);
    };
    const auto field = [](const std::string& row, int number) {
      std::size_t at = 2;
      for (; number > 0; --number) at += 4 + Load<std::uint32_t>(row.data() + at);
      return row.substr(at + 4, Load<std::uint32_t>(row.data() + at));
    };
    const std::string german = out("DE "), polish = out("PL ");
    EXPECT_EQ(field(german, 1), field(polish, 1));
    differ += field(german, 0) != field(polish, 0);
  }
  EXPECT_GT(differ, 15);
}

TEST(CopyRow, what_came_before_changes_nothing_whatever_is_kept_of_it) {
  CopyTable table = TableOf({{"name", oid::kText, -1, false, "city fake=fake(country)", false},
                             {"mail", oid::kText, -1, false, "email unique", false},
                             {"born", oid::kDate, -1, false, "birth_date", false},
                             {"country", oid::kText, -1, false, "", false}});
  table.country_column = "country";
  const std::array<std::uint8_t, 32> key{1, 2, 3};
  std::mt19937 dice(4711);
  for (const bool seeds : {false, true}) {
    if (seeds) table.seed_sql = "t.id";
    RowTreater treater(table, Types(), Profile::kFake, key);
    for (int i = 0; i < 10'000; ++i) {
      const char* const countries[] = {"DE", "PL", "", "Nowhere"};
      // Few names, more e-mails than are kept; a number of days is any four bytes.
      const std::string name(dice() % 80, static_cast<char>('a' + dice() % 3));
      Fields row = {name, "m" + std::to_string(dice() % 5000) + "@firma.example",
                    std::string("\0\0", 2) + static_cast<char>(dice() % 30) + "x",
                    countries[dice() % 4]};
      if (dice() % 9 == 0) row[dice() % 4] = std::nullopt;
      if (seeds) {
        row.push_back(dice() % 3 == 0 ? std::nullopt : std::optional(std::to_string(dice() % 4)));
      }
      std::string out;
      treater.Treat(Tuple(row), out);
      if (i % 20 == 0 || i > 9'900) {
        ASSERT_EQ(out, Treated(table, row, Profile::kFake, key)) << i;
      }
    }
  }
}

TEST(CopyRow, what_is_longer_than_the_column_is_an_error_that_quotes_no_value) {
  const CopyTable table = TableOf({{"code", oid::kVarchar, 4 + 5, false, "postal_code", false}});
  try {
    Treated(table, {"12345"});
    FAIL() << "\"Anonymized\" does not fit into varchar(5)";
  } catch (const Fault& fault) {
    const std::string all = std::string(fault.what()) + fault.detail() + fault.hint();
    EXPECT_EQ(fault.code(), ExitCode::kConfiguration);
    EXPECT_NE(all.find("\"code\" of table \"crm.contact\""), std::string::npos) << all;
    EXPECT_EQ(all.find("12345"), std::string::npos) << all;
    EXPECT_EQ(all.find("Anonymized"), std::string::npos) << all;
  }
  const CopyTable fits =
      TableOf({{"code", oid::kVarchar, 4 + 5, false, "postal_code length=5", false}});
  EXPECT_EQ(Hex(Treated(fits, {"12345"})), Hex(Tuple({"Anony"})));
}

TEST(CopyRow, a_numeric_that_has_too_many_digits_is_an_error) {
  const CopyTable table = TableOf(
      {{"n", oid::kNumeric, ((5 << 16) | 2) + 4, false, "salary erase=constant('1000')", false}});
  EXPECT_THROW(Treated(table, {Bytes("00010000000000000001")}), Fault);
}

TEST(CopyRow, what_is_equal_in_any_case_has_one_fake_and_one_pseudonym) {
  const std::vector<std::uint8_t> key(32, 7);
  for (const Profile profile : {Profile::kFake, Profile::kPseudonym}) {
    for (const char* rule : {"email unique", "username", "full_name", "external_id unique"}) {
      const auto fake = [&](std::uint32_t type, const char* value) {
        const CopyTable table = TableOf({{"c", type, -1, false, rule, false}});
        return Treated(table, {value}, profile, key);
      };
      EXPECT_EQ(fake(kCitext, "Ann.Lee12"), fake(kCitext, "ANN.LEE12")) << rule;
      EXPECT_EQ(fake(kCitext, "ann.lee12"), fake(oid::kText, "ann.lee12")) << rule;
      EXPECT_NE(fake(oid::kText, "Ann.Lee12"), fake(oid::kText, "ANN.LEE12")) << rule;
    }
  }
}

TEST(CopyRow, a_keyed_profile_without_a_key_is_refused) {
  const CopyTable table = TableOf({{"name", oid::kText, -1, false, "full_name", false}});
  EXPECT_THROW(Treated(table, {"Anna"}, Profile::kFake), Fault);
}

TEST(CopyRow, damaged_rows_are_an_error_and_nothing_is_read_beyond_them) {
  const CopyTable table = TableOf({{"names", kTexts, -1, false, "full_name", false},
                                   {"born", oid::kDate, -1, false, "birth_date", false},
                                   {"n", oid::kNumeric, -1, false, "salary", false},
                                   {"ip", oid::kInet, -1, false, "ip", false}});
  const std::string whole =
      Tuple({Bytes("000000010000000000000019"
                   "0000000100000001"
                   "0000000161"),
             Bytes("00000001"), Bytes("00010000000000000001"), Bytes("02200004c0000207")});
  std::string out;
  for (std::size_t size = 1; size < whole.size(); ++size) {
    RowTreater treater(table, Types(), Profile::kMask, {});
    const std::string part = whole.substr(0, size);  // its own memory: a read beyond it shows
    EXPECT_THROW(treater.Treat(part, out), Fault) << size;
  }
  RowTreater treater(table, Types(), Profile::kMask, {});
  EXPECT_NO_THROW(treater.Treat(whole, out));
  EXPECT_THROW(treater.Treat(Tuple({"a"}), out), Fault) << "another number of fields";
}

TEST(CopyRow, rows_with_flipped_bytes_are_treated_or_refused_and_never_more) {
  const CopyTable table = TableOf({{"names", kTexts, -1, false, "full_name", false},
                                   {"born", oid::kDate, -1, false, "birth_date", false},
                                   {"n", kNumerics, -1, false, "salary", false},
                                   {"ip", oid::kCidr, -1, false, "ip", false},
                                   {"data", oid::kJsonb, -1, false, "profile_json", false},
                                   {"colour", kColour, -1, false, "gender", false}});
  const std::string whole = Tuple({Bytes("000000010000000000000019"
                                         "0000000200000001"
                                         "0000000161ffffffff"),
                                   Bytes("00000001"),
                                   Bytes("0000000100000000000006a4"
                                         "0000000100000001"
                                         "0000000c0002000040000002002a1388"),
                                   Bytes("02180104c0000200"), "\x01{\"name\": \"Bo\"}", "blue"});
  const std::array<std::uint8_t, 32> key{1, 2, 3};
  std::minstd_rand random(4711);
  int refused = 0;
  std::string out;
  for (int i = 0; i < 3000; ++i) {
    std::string row = whole;
    for (unsigned flips = 1 + random() % 3; flips > 0; --flips) {
      row[random() % row.size()] = static_cast<char>(random());
    }
    row.shrink_to_fit();
    RowTreater treater(table, Types(), i % 2 == 0 ? Profile::kMask : Profile::kFake, key);
    out.clear();
    try {
      treater.Treat(row, out);
    } catch (const Fault&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 500);
  EXPECT_LT(refused, 2900);
}

TEST(CopyRow, lengths_of_types_are_what_their_modifiers_say) {
  EXPECT_EQ(LengthOfTypmod(oid::kVarchar, 4 + 30), 30);
  EXPECT_EQ(LengthOfTypmod(oid::kText, -1), 0);
  EXPECT_EQ(LengthOfTypmod(oid::kNumeric, ((12 << 16) | 2) + 4), 10);
  EXPECT_EQ(LengthOfTypmod(oid::kNumeric, ((3 << 16) | ((-2) & 0x7FF)) + 4), 5);
  EXPECT_EQ(Types().Of(kShort).typmod, 4 + 12);
  EXPECT_EQ(Types().Of(kShorts).facts.cls, ValueClass::kText);
  EXPECT_EQ(Types().Of(kColours).facts.labels.size(), 3U);
}

}  // namespace
}  // namespace gdpr::batch
