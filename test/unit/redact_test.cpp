// SPDX-License-Identifier: PostgreSQL
#include "core/redact.hpp"

#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "treat_fixture.hpp"

namespace gdpr {
namespace {

using test::TestRandom;

std::string Redacted(std::string_view text, const std::vector<std::string_view>& own = {}) {
  return Redact(text, own);
}

struct Case {
  std::string_view text;
  std::string_view expected;
};

void ExpectAll(const std::vector<Case>& cases) {
  for (const Case& one : cases) EXPECT_EQ(Redacted(one.text), one.expected);
}

TEST(Redact, Emails) {
  ExpectAll({
      {"Write to john.smith+x@mail.example.com.", "Write to [email]."},
      {"<émile@exämple.fr>,a@b.fr;c@d.org", "<[email]>,[email];[email]"},
      {"mailto:a@b.fr?x=1", "mailto:[email]?x=1"},
      {"https://x.org/?e=a%40b.fr&n=1", "https://x.org/?e=[email]&n=1"},
      {"\"john smith\"@x.fr", "[email]"},
      {"john@[192.168.0.1] ", "[email] "},
      {"联系john@x.com吧", "联系[email]吧"},
      {"user@localhost", "[email]"},
      {"0612345678@sfr.fr", "[email]"},
      {"3 @ 5, a@, @b, a @b", "3 @ 5, a@, @b, a @b"},
      {"\"quoted\" text", "\"quoted\" text"},
  });
}

TEST(Redact, Phones) {
  ExpectAll({
      {"+33 6 12 34 56 78", "[phone]"},
      {"0033612345678", "[phone]"},
      {"06.12.34.56.78 or 0612345678", "[phone] or [phone]"},
      {"+44 (0)20 7946 0958, +44 (20) 7123 4567", "[phone], [phone]"},
      {"(415) 555-0132 and (415)555-0132", "[phone] and [phone]"},
      {"415-555-0132; 415.555.0132; 4155550132", "[phone]; [phone]; [phone]"},
      {"1-415-555-0132", "[phone]"},
      {"(030) 1234567, 030/1234567", "[phone], [phone]"},
      {"(+33612345678)", "([phone])"},
      {"612 34 56 78 and 22 12 34 56", "[phone] and [phone]"},
      {"Tel:+33\xC2\xA0"
       "6\xC2\xA0"
       "12\xC2\xA0"
       "34\xC2\xA0"
       "56\xC2\xA0"
       "78",
       "Tel:[phone]"},
      {"0612345678 0712345678", "[phone] [phone]"},
      {"13812345678", "[phone]"},
      {"is415-555-0132", "is[phone]"},
  });
}

TEST(Redact, NumbersThatAreNoPhoneStay) {
  ExpectAll({
      {"2023-01-15 10:30:00 and 15/01/2023 10:30", "2023-01-15 10:30:00 and 15/01/2023 10:30"},
      {"15.01.2023 1000", "15.01.2023 1000"},
      {"1 234 567,89 EUR", "1 234 567,89 EUR"},
      {"123 456 789", "123 456 789"},
      {"1.234.567.890", "1.234.567.890"},
      {"order 12345678, invoice FA0123456789", "order 12345678, invoice FA0123456789"},
      {"pi is 3.1415926535 or 0.123456789", "pi is 3.1415926535 or 0.123456789"},
      {"1700000000 and 1700000000000", "1700000000 and 1700000000000"},
      {"v1.2.3, 12:34:56, 10%, #42", "v1.2.3, 12:34:56, 10%, #42"},
      {std::string_view("123456789012345678901234567890"), "123456789012345678901234567890"},
  });
}

TEST(Redact, IbansCardsAndAddresses) {
  ExpectAll({
      {"DE89370400440532013000", "[iban]"},
      {"pay DE89 3704 0044 0532 0130 00 now", "pay [iban] now"},
      {"de89-3704-0044-0532-0130-00", "[iban]"},
      {"DE89370400440532013001", "DE89370400440532013001"},
      {"4111 1111 1111 1111, 4111-1111-1111-1111", "[card], [card]"},
      {"x4111111111111111", "x4111111111111111"},
      {"4111111111111112", "4111111111111112"},
      {"from 192.168.0.1:80 to 10.0.0.0/8.", "from [ip]:80 to [ip]/8."},
      {"256.1.1.1 1.2.3", "256.1.1.1 1.2.3"},
      {"[2001:db8::1]:8080 fe80::1%eth0 ::1", "[[ip]]:8080 [ip]%eth0 [ip]"},
      {"::ffff:192.168.1.1", "[ip]"},
      {"aa:bb:cc:dd:ee:ff std::string a::b 12:34", "aa:bb:cc:dd:ee:ff std::string a::b 12:34"},
      {"https://jo:pass@x.org/a", "https://[redacted]@x.org/a"},
      {"https://x.org/@jo", "https://x.org/@jo"},
      {"ftp://jo@x.org", "ftp://[redacted]@x.org"},
  });
}

TEST(Redact, OwnNamesAreWholeWordsInAnySpelling) {
  const std::vector<std::string_view> own = {"José",  "O'Brien",  "Anne-Marie", "王小明", "Müller",
                                             "Ωμέγα", "Straße 5", "A",          "12"};
  EXPECT_EQ(Redacted("JOSE, Jose\xCC\x81 and josé; Josephine", own),
            "[redacted], [redacted] and [redacted]; Josephine");
  EXPECT_EQ(Redacted("O’Brien's, o brien, OBrien", own), "[redacted]'s, [redacted], OBrien");
  EXPECT_EQ(Redacted("anne  marie or Anne-\nMarie", own), "[redacted] or [redacted]");
  EXPECT_EQ(Redacted("我叫王小明。", own), "我叫[redacted]。");
  EXPECT_EQ(Redacted("MULLER ΩΜΕΓΑ STRASSE 5", own), "[redacted] [redacted] [redacted]");
  EXPECT_EQ(Redacted("A cat has 12 lives at 512", own), "A cat has 12 lives at 512");
  EXPECT_EQ(Redacted("jose_muller", own), "[redacted]_[redacted]");
}

TEST(Redact, TheLongerFindWins) {
  EXPECT_EQ(Redacted("john@x.com", {"John"}), "[email]");
  EXPECT_EQ(Redacted("john@x.com", {"john@x.com"}), "[redacted]");
  EXPECT_EQ(Redacted("John Smith, John", {"John", "John Smith"}), "[redacted], [redacted]");
}

TEST(Redact, OwnPhonesAreComparedByTheirDigits) {
  for (const std::string_view own :
       {"+33 6 12 34 56 78", "0612345678", "0033 612 345 678", "612345678"}) {
    for (const std::string_view text : {"+33612345678", "06 12 34 56 78", "0033.6.12.34.56.78",
                                        "612345678", "+33 (0)6 12 34 56 78", "Tel0612345678"}) {
      const std::string redacted = Redacted(text, {own});
      EXPECT_TRUE(redacted == "[redacted]" || redacted == "Tel[redacted]") << own << " " << text;
    }
  }
  EXPECT_EQ(Redacted("612345679", {"0612345678"}), "612345679");
  EXPECT_EQ(Redacted("(030) 12 34 56 7", {"+49 30 1234567"}), "[redacted]");
}

TEST(Redact, OwnNumbersMatchWithAndWithoutSeparators) {
  EXPECT_EQ(Redacted("plate ab123cd, AB 123 CD", {"AB-123-CD"}), "plate [redacted], [redacted]");
  EXPECT_EQ(Redacted("1 85 05 78 006 084 36", {"185057800608436"}), "[redacted]");
  EXPECT_EQ(Redacted("xAB123CD AB123CDE", {"AB-123-CD"}), "xAB123CD AB123CDE");
}

TEST(Redact, OwnDatesMatchInNumericSpellings) {
  for (const std::string_view text : {"1980-05-07", "07/05/1980", "5/7/1980", "7.5.1980",
                                      "7. 5. 1980", "07.05.80", "19800507", "07051980"}) {
    EXPECT_EQ(Redacted(text, {"1980-05-07"}), "[redacted]") << text;
  }
  EXPECT_EQ(Redacted("08/05/1980 1980-05-08", {"1980-05-07 00:00:00"}), "08/05/1980 1980-05-08");
}

TEST(Redact, BytesThatAreNoTextPassThrough) {
  EXPECT_EQ(Redacted("\xFF\x80 a@b.fr \xC3", {"\xFF", "", "\x01"}), "\xFF\x80 [email] \xC3");
  EXPECT_EQ(Redacted(std::string_view("a\0b", 3)), std::string_view("a\0b", 3));
}

TEST(Redact, AnyBytesGiveABoundedText) {
  TestRandom random(12);
  constexpr std::string_view kAlphabet = "0123456789+-(). /:@%\"ABabxyzDE89\xC3\xA9\xE2";
  const std::vector<std::string_view> own = {"ab", "0612345678", "1980-05-07", "xy 12"};
  for (int round = 0; round < 100'000; ++round) {
    std::string text;
    for (std::size_t i = random.Below(40); i > 0; --i)
      text.push_back(kAlphabet[random.Below(kAlphabet.size())]);
    EXPECT_LE(Redacted(text, own).size(), 10 * text.size() + 10);
  }
}

// Texts made to be slow must not be: each takes milliseconds, quadratic work would take minutes.
TEST(Redact, TimeIsLinear) {
  std::string own_long;
  for (int i = 0; i < 20'000; ++i) own_long += "a b ";
  const std::vector<std::string_view> own = {own_long, "a a a a a a a a a a x", "06123456789",
                                             "1980-01-01", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa1234"};
  const std::clock_t started = std::clock();
  for (const std::string_view piece :
       {"a",   "a ",  "a.",       "0",   "0 ",   "1-", "+1",     "(",        "(1", "\"",
        "\"a", "://", "a://",     "a:",  "::",   "f:", "1.",     "GB29 ",    "a@", "@",
        "é",   "王",  "\xCC\x81", "%40", "\xFF", "a_", "11/11/", "1980-01-0"}) {
    std::string text;
    while (text.size() < 200'000) text += piece;
    Redacted(text, own);
  }
  // The process's own time, so that a busy machine does not matter.
  EXPECT_LT(static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC, 30);
}

}  // namespace
}  // namespace gdpr
