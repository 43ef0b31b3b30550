// SPDX-License-Identifier: PostgreSQL
// What accounts, cards and telephone numbers come out as, for ever.
#include <gtest/gtest.h>

#include "fake_fixture.hpp"

namespace gdpr::test {
namespace {

// Whoever changes a plan's kept digits, a domain or an order changes every copy.
TEST(FakeGolden, NumbersAreTheSameForEver) {
  struct Golden {
    const char* kind;
    const char* text;
    const char* by_value;
    const char* by_person;
  };
  constexpr Golden kGolden[] = {
      {"iban", "DE89370400440532013000", "DE25709305640538526984", "DE05005715407073980660"},
      {"iban", "GB82 WEST 1234 5698 7654 32", "GB41 RUYA 2057 3232 1663 51",
       "GB11 AOEM 7073 9806 6029 83"},
      {"iban", "FR1420041010050500013M02606", "FR2987013160197798287E04493",
       "FR7600571540707398066029805"},
      {"iban", "NO9386011117947", "NO6481439151315", "NO8200571540703"},
      {"iban", "MT84MALT011000012345MTLCAST001S", "MT38VZVD212633206698RITADOG910O",
       "MT12AOEM70739806602983841793927"},
      {"iban", "ES9121000418450200051332", "ES3273209477826367142666", "ES7200571540317398066029"},
      {"iban", "ES6621000418401234567891", "ES4748345669316871019434", "ES7200571540317398066029"},
      {"iban", "no iban", "GB55 BZBI 1087 8969 2276 83", "GB11 AOEM 7073 9806 6029 83"},
      {"bic", "DEUTDEFFXXX", "JUHVDEQOXXX", "IQAGDE7VXXX"},
      {"bic", "no bic", "NKZYGB2P", "IQAGGB7V"},
      {"bank_account", "12341234161234567890", "05906020937766301283", "62122153982966845322"},
      {"bank_account", "61 1090 1014 0000 0712 1981 2874", "75 5227 7920 5405 7376 7828 8255",
       "58 6212 2155 3296 6845 3228 3506"},
      {"bank_account", "0532013000", "0858401300", "0402095209"},
      {"account_number", "KD-004711", "KD-693124", "KD-917902"},
      {"account_number", "77777777777777777777777777777777777777777777",
       "12117838266694716867110564557119428771506913",
       "91790219249118736991701184923239088326024087"},
      {"mandate_ref", "MNDT-2021-000123", "MNDT-3909-068872", "MNDT-5242-554301"},
      {"bank_name", "Sparkasse Ulm", "Nordelia Bank", "Jaldena Savings Bank"},
      {"card_number", "4111 1111 1111 1111", "4173 6314 1058 9563", "378282775112574"},
      {"card_number", "2223003122003222", "2624668319890386", "378282775112574"},
      {"card_number", "378282246310005", "379653042236900", "378282775112574"},
      {"card_number", "1234", "5627", "9077"},
      {"card_number", "no card", "378282833769720", "378282775112574"},
      {"card_expiry", "12/27", "08/27", "03/27"},
      {"card_expiry", "never", "02/28", "10/29"},
      {"phone", "+49 171 1234567", "+49 171 1375796", "+49 171 3920047"},
      {"phone", "0049 (0)30 123456-78", "0049 (0)30 178443-21", "0049 171 3920047"},
      {"phone", "020 7946 0958", "020 7940 5300", "07400 475233"},
      {"phone", "(212) 555-1234 ext. 567", "(212) 559-8905 ext. 892", "202 555 0147"},
      {"phone", "12345", "45050", "07400475233"},
      {"phone", "no phone", "07400 931807", "07400 475233"},
  };
  for (const auto& [kind, text, by_value, by_person] : kGolden) {
    EXPECT_EQ(FakeOf(kind, text), by_value) << kind;
    EXPECT_EQ(FakeOf(kind, text, {.seed = "person"}), by_person) << kind;
  }
}

}  // namespace
}  // namespace gdpr::test
