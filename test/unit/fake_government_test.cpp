// SPDX-License-Identifier: PostgreSQL
// Ids of states: valid by their own checks, different for different people, written as they were.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "fake_checks.hpp"
#include "fake_fixture.hpp"

namespace gdpr {
namespace {

using test::Ask;
using test::Bare;
using test::FakeOf;
using enum Locale;

using Valid = bool (*)(const std::string&);

struct Case {
  std::string_view kind;
  Locale locale;
  Valid valid;
};

bool Polish(const std::string& id) {
  return test::Nip(test::After(id, "PL"));
}
bool Italian(const std::string& id) {
  return test::Iva(test::After(id, "IT"));
}
bool Spanish(const std::string& id) {
  return test::Nif(test::After(id, "ES"));
}
bool Portuguese(const std::string& id) {
  return test::PortugueseNif(test::After(id, "PT"));
}

const std::vector<Case> kCases = {
    {"national_id", kEn, test::Nino},
    {"national_id", kDe, test::Icao},
    {"national_id", kFr, test::Nir},
    {"national_id", kEs, test::Nif},
    {"national_id", kIt, test::CodiceFiscale},
    {"national_id", kNl, test::Bsn},
    {"national_id", kPt, test::Cartao},
    {"national_id", kPl, test::Pesel},
    {"tax_id", kEn, test::Utr},
    {"tax_id", kDe, test::IdNr},
    {"tax_id", kFr, test::Spi},
    {"tax_id", kEs, test::Nif},
    {"tax_id", kIt, test::CodiceFiscale},
    {"tax_id", kNl, test::Bsn},
    {"tax_id", kPt, test::PortugueseNif},
    {"tax_id", kPl, test::Pesel},
    {"vat_id", kEn, test::BritishVat},
    {"vat_id", kDe, test::GermanVat},
    {"vat_id", kFr, test::FrenchVat},
    {"vat_id", kEs, Spanish},
    {"vat_id", kIt, Italian},
    {"vat_id", kNl, test::DutchVat},
    {"vat_id", kPt, Portuguese},
    {"vat_id", kPl, Polish},
    {"health_id", kEn, test::Nhs},
    {"health_id", kDe, test::Kvnr},
    {"health_id", kFr, test::Nir},
    {"health_id", kEs, test::Nss},
    {"health_id", kIt, test::CodiceFiscale},
    {"health_id", kNl, test::Bsn},
    {"health_id", kPl, test::Pesel},
    {"company_registration", kFr, test::Siren},
    {"company_registration", kEs, test::Nif},
    {"company_registration", kIt, test::Iva},
    {"company_registration", kPl, test::Regon},
};

// What follows no plan becomes an id of the locale's, and that one another: by the rule's locale,
// by none, and by another country of the row.
TEST(FakeGovernment, EveryIdPassesItsOwnCheck) {
  for (const Case& one : kCases) {
    SCOPED_TRACE(std::string(one.kind) + " " + std::string(LocaleName(one.locale)));
    for (std::size_t i = 0; i < test::Many(); ++i) {
      const std::string drawn = FakeOf(
          one.kind, "longer than an id of any plan: " + std::to_string(i), {.locale = one.locale});
      ASSERT_TRUE(one.valid(Bare(drawn))) << drawn;
      const std::string local = FakeOf(one.kind, drawn, {.locale = one.locale});
      ASSERT_TRUE(one.valid(Bare(local))) << drawn << " -> " << local;
      const std::string any = FakeOf(one.kind, drawn, {.unique = true, .row = kPl});
      ASSERT_TRUE(one.valid(Bare(any))) << drawn << " -> " << any;
      ASSERT_EQ(any, FakeOf(one.kind, drawn)) << "neither unique nor the row change it";
      const std::string person = FakeOf(one.kind, drawn, {.seed = "p", .locale = one.locale});
      ASSERT_TRUE(one.valid(Bare(person))) << person;
    }
  }
}

TEST(FakeGovernment, DifferentIdsStayDifferentWhateverTheyFollow) {
  const std::size_t count = test::VeryMany();
  // Nine digits: some follow one plan (SSN, BSN, NIF), some two, some none.
  for (const char* kind : {"national_id", "tax_id", "vat_id", "passport"}) {
    const auto fake = [&](std::size_t i) {
      return FakeOf(kind, std::to_string(100'000'000 + i * 77), {.unique = true});
    };
    EXPECT_EQ(test::CountDistinct(count, fake), count) << kind;
  }
  const auto pesel = [&](std::size_t i) {
    std::string text = std::to_string(80'000'000'000 + i);
    return FakeOf("national_id", text, {.unique = true});
  };
  EXPECT_EQ(test::CountDistinct(count, pesel), count) << "one in ten is a PESEL, the others not";
}

TEST(FakeGovernment, IsABijectionOfASmallPlan) {
  std::set<std::string> seen;
  for (int i = 0; i < 20'000; ++i) {
    std::string text = "0" + std::to_string(1'000'000 + i).substr(1);
    text = "M-" + text.substr(0, 7) + "-" + "TRWAGMYFPDXBNJZSQVHLCKE"[i % 23];
    ASSERT_TRUE(test::Nif(Bare(text)));
    const std::string fake = FakeOf("tax_id", text, {.unique = true});
    ASSERT_TRUE(test::Nif(Bare(fake)) && Bare(fake)[0] <= 'M' && Bare(fake)[0] >= 'K') << fake;
    ASSERT_TRUE(seen.insert(fake).second) << fake;
  }
}

TEST(FakeGovernment, TheSpellingIsKept) {
  const std::vector<std::vector<const char*>> cases = {{"national_id", "1112.22.333"},
                                                       {"tax_id", "36 574 261 809"},
                                                       {"vat_id", "GB 980 7806 84"},
                                                       {"vat_id", "FR 61 954 506 077"},
                                                       {"tax_id", "54362315-k"},
                                                       {"health_id", "943-476-5870"},
                                                       {"national_id", "2 95 10 99 126 111 93"},
                                                       {"company_registration", "Aachen HRA 11223"},
                                                       {"company_registration", "HRB 4711"},
                                                       {"company_registration", "FN 122119m"},
                                                       {"passport", "C01X00T47"},
                                                       {"driver_licence", "MORGA 657054 SM9IJ"}};
  for (const auto& one : cases) {
    const std::string fake = FakeOf(one[0], one[1]);
    EXPECT_NE(fake, one[1]);
    EXPECT_EQ(fake.size(), std::string(one[1]).size()) << one[1] << " -> " << fake;
    for (std::size_t i = 0; i < fake.size(); ++i) {
      const char c = one[1][i];
      const bool mark = !std::isalnum(static_cast<unsigned char>(c));
      EXPECT_EQ(mark, fake[i] == c && mark) << one[1] << " -> " << fake;
    }
  }
  EXPECT_TRUE(FakeOf("vat_id", "DE136695976").starts_with("DE"));
  EXPECT_EQ(FakeOf("vat_id", "DE 136 695 976").substr(0, 2), "DE");
  EXPECT_EQ(Bare(FakeOf("vat_id", "DE 136 695 976")), FakeOf("vat_id", "DE136695976"));
  EXPECT_EQ("DE" + FakeOf("vat_id", "136695976", {.locale = kDe}), FakeOf("vat_id", "DE136695976"));
}

TEST(FakeGovernment, OneNumberIsOneNumberInEveryKind) {
  EXPECT_EQ(FakeOf("national_id", "295109912611193", {.locale = kFr}),
            FakeOf("health_id", "295109912611193", {.locale = kFr}));
  EXPECT_EQ(FakeOf("national_id", "RCCMNL83S18D969H", {.locale = kIt}),
            FakeOf("tax_id", "RCCMNL83S18D969H", {.locale = kIt}));
}

TEST(FakeGovernment, NothingIsLongerThanItsRoom) {
  for (const Case& one : kCases) {
    for (std::size_t room = 1; room < 20; ++room) {
      const std::string fake = FakeOf(one.kind, std::string(room, '?').append("x").substr(1),
                                      {.locale = one.locale, .room = room});
      EXPECT_LE(fake.size(), room) << one.kind;
    }
  }
}

// Which kind the number of a python-stdnum module would stand in, and its check.
const std::map<std::string, std::pair<const char*, Valid>> kModules = {
    {"at.uid", {"vat_id", test::AustrianVat}},
    {"at.vnr", {"national_id", test::Vnr}},
    {"be.nn", {"national_id", test::Nn}},
    {"de.idnr", {"tax_id", test::IdNr}},
    {"de.vat", {"vat_id", test::GermanVat}},
    {"es.cif", {"tax_id", test::Nif}},
    {"es.dni", {"national_id", test::Nif}},
    {"es.nie", {"national_id", test::Nif}},
    {"es.nif", {"tax_id", test::Nif}},
    {"fr.nir", {"health_id", test::Nir}},
    {"fr.siren", {"company_registration", test::Siren}},
    {"fr.siret", {"company_registration", test::Siret}},
    {"gb.nhs", {"health_id", test::Nhs}},
    {"gb.utr", {"tax_id", test::Utr}},
    {"gb.vat", {"vat_id", test::BritishVat}},
    {"it.codicefiscale",
     {"tax_id", [](const std::string& id) { return test::CodiceFiscale(id) || test::Iva(id); }}},
    {"it.iva", {"vat_id", Italian}},
    {"nl.bsn", {"national_id", test::Bsn}},
    {"us.ssn", {"national_id", test::Ssn}},
    {"us.itin", {"tax_id", [](const std::string& id) { return id.size() == 9 && id[0] == '9'; }}},
    {"us.ptin", {"tax_id", [](const std::string& id) { return id.size() == 9 && id[0] == 'P'; }}},
    {"us.ein", {"tax_id", [](const std::string& id) { return test::AllDigits(id, 9); }}},
    {"at.tin",
     {"tax_id", [](const std::string& id) { return test::AllDigits(id, 9) && test::Luhn(id); }}},
    {"at.businessid",
     {"company_registration",
      [](const std::string& id) { return test::Digits(test::After(id, "FN"), 0, 6); }}},
    {"be.vat",
     {"vat_id",
      [](const std::string& id) {
        const std::string rest = test::After(id, "BE");
        return test::BelgianVat(rest.size() == 9 ? "0" + rest : rest);
      }}},
    {"de.handelsregisternummer",
     {"company_registration", [](const std::string& id) { return id.find("HRA") == 6; }}},
    {"de.stnr", {"tax_id", [](const std::string& id) { return test::AllDigits(id, 11); }}},
    {"fr.nif",
     {"tax_id", [](const std::string& id) { return test::AllDigits(id, 13) && id[0] < '4'; }}},
    {"fr.tva",
     {"vat_id",
      [](const std::string& id) {
        return test::Siren(id.substr(2)) && (!test::AllDigits(id, 11) || test::FrenchVat(id));
      }}},
    {"lei", {"company_registration", test::Lei}},
    {"nl.btw",
     {"vat_id",
      [](const std::string& id) {
        const std::string rest = test::After(id, "NL");
        return test::DutchVat(std::string(12 - rest.size(), '0') + rest);
      }}},
    {"nl.postcode",
     {"postal_code",
      [](const std::string& id) { return test::Digits(test::After(id, "NL"), 0, 4); }}},
};

TEST(FakeGovernment, ValidVectorsStayValidAndOthersBecomeAnotherText) {
  std::ifstream file(std::string(GDPR_SHARED_DATA) + "/values/stdnum_cases.tsv");
  if (!file) GTEST_SKIP() << "no " << GDPR_SHARED_DATA;
  std::string line;
  int valid = 0;
  int invalid = 0;
  while (std::getline(file, line)) {
    std::vector<std::string> row(1);
    for (const char c : line) {
      if (c == '\t') {
        row.emplace_back();
      } else {
        row.back() += c;
      }
    }
    const auto module = kModules.find(row[0]);
    if (module == kModules.end()) continue;
    const auto& [kind, check] = module->second;
    for (const bool unique : {false, true}) {
      const std::string fake = FakeOf(kind, row[2], {.unique = unique});
      EXPECT_NE(fake, row[2]) << row[0];
      if (row[1] == "valid") {
        EXPECT_TRUE(check(Bare(row[2]))) << "the test's own check of " << row[0];
        EXPECT_TRUE(check(Bare(fake))) << row[0] << ": " << row[2] << " -> " << fake;
      }
    }
    ++(row[1] == "valid" ? valid : invalid);
  }
  EXPECT_GE(valid, 45);
  EXPECT_GE(invalid, 50);
}

// Numbers that python-stdnum does not know: specimens of the authorities.
TEST(FakeGovernment, SpecimensStayValid) {
  struct Specimen {
    const char* kind;
    const char* id;
    Valid valid;
  };
  const std::vector<Specimen> specimens = {{"health_id", "A123456780", test::Kvnr},
                                           {"national_id", "15 070649 C 103", test::Pension},
                                           {"national_id", "T220001293", test::Icao},
                                           {"passport", "C01X00T478", test::Icao},
                                           {"national_id", "ABA300000", test::Dowod},
                                           {"health_id", "28/12345678/40", test::Nss},
                                           {"vat_id", "CHE-109.322.551", test::Uid},
                                           {"company_registration", "123456785", test::Regon}};
  for (const Specimen& one : specimens) {
    ASSERT_TRUE(one.valid(Bare(one.id))) << one.id;
    const std::string fake = FakeOf(one.kind, one.id, {.unique = true});
    EXPECT_TRUE(one.valid(Bare(fake))) << one.id << " -> " << fake;
    EXPECT_NE(fake, one.id);
  }
}

// What was given out once is given out for ever: copies of different years are joined.
TEST(FakeGovernment, GoldenVectorsNeverChange) {
  struct Golden {
    const char* kind;
    const char* text;
    Locale locale;
    const char* fake;
  };
  const std::vector<Golden> vectors = {
      {"national_id", "QQ 12 34 56 C", kNone, "KA 57 40 30 B"},
      {"national_id", "AB 12 34 56 C", kNone, "RN 12 47 47 A"},
      {"national_id", "536-90-4399", kNone, "392-46-6427"},
      {"national_id", "T220001293", kNone, "YFV7XX9ZK3"},
      {"national_id", "2 95 10 99 126 111 93", kNone, "2 04 01 72 999 330 68"},
      {"national_id", "54362315-K", kNone, "63008206-M"},
      {"national_id", "RCCMNL83S18D969H", kNone, "RPFYNC24R69H069F"},
      {"national_id", "1112.22.333", kNl, "9666.11.512"},
      {"national_id", "85 07 30 033 28", kNone, "98 10 25 457 48"},
      {"national_id", "44051401359", kPl, "22102714474"},
      {"tax_id", "36 574 261 809", kDe, "16 560 673 929"},
      {"tax_id", "1955839661", kEn, "7060446179"},
      {"tax_id", "no tax", kFr, "06 30 777 376 509"},
      {"vat_id", "DE136695976", kNone, "DE505217291"},
      {"vat_id", "FR 61 954 506 077", kNone, "FR 46 206 815 037"},
      {"vat_id", "ATU13585627", kNone, "ATU34453855"},
      {"vat_id", "NL4495445B01", kNone, "NL8744154B87"},
      {"passport", "C01X00T47", kNone, "F0707KJNP"},
      {"driver_licence", "MORGA657054SM9IJ", kNone, "FLFWG653047FE8XK"},
      {"health_id", "943-476-5870", kNone, "514-191-5824"},
      {"health_id", "A123456780", kNone, "S758874212"},
      {"licence_plate", "M-AB 1234", kNone, "D-BM 6607"},
      {"licence_plate", "AB12 CDE", kNone, "XH51 SNZ"},
      {"company_registration", "Aachen HRA 11223", kNone, "Aachen HRA 22683"},
      {"company_registration", "73282932000074", kNone, "34634961637333"},
      {"postal_code", "SW1A 1AA", kNone, "OX8N 4DH"},
      {"ip", "81.2.69.142", kNone, "198.19.217.11"},
      {"ip", "2a00:1450::7", kNone, "2001:db8:debe:9df6:7a37:9d3c:1290:7c9d"},
      {"mac", "00:1A:2B:3C:4D:5E", kNone, "AA:F0:71:98:D5:86"},
      {"device_id", "550e8400-e29b-41d4-a716-446655440000", kNone,
       "4aa5b9ee-fd3a-46a2-a823-b6d30ed218a9"},
      {"device_id", "35-209900-176148-1", kNone, "37-392295-552202-8"},
      {"external_id", "KD-004711", kNone, "BI-479795"},
      {"external_id", "5f7c8ec7c33c6c004bbafe82", kNone, "3dbcf87aa55929b8d8cc192e"},
      {"user_agent", "curl/8.5", kNone,
       "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/118.0.0.0 "
       "Mobile Safari/537.36"}};
  for (const Golden& one : vectors) {
    EXPECT_EQ(FakeOf(one.kind, one.text, {.locale = one.locale}), one.fake) << one.kind;
  }
}

}  // namespace
}  // namespace gdpr
