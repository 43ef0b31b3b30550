// SPDX-License-Identifier: PostgreSQL
// Fakes of names, contacts, addresses, companies and texts.
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>
#include <string_view>

#include "core/fake/fake_lists.hpp"
#include "core/fake/fake_place.hpp"
#include "core/fake/fake_text.hpp"
#include "core/utf8.hpp"
#include "fake_fixture.hpp"

namespace gdpr {
namespace {

using test::Ask;
using test::FakeOf;

constexpr std::array kAll = {Locale::kEn, Locale::kDe, Locale::kFr, Locale::kEs,
                             Locale::kIt, Locale::kNl, Locale::kPt, Locale::kPl};

constexpr std::array kKinds = {
    "first_name",    "middle_name", "last_name",      "full_name",    "title",     "gender",
    "birth_place",   "nationality", "marital_status", "email",        "username",  "url",
    "social_handle", "street",      "street_number",  "address_line", "city",      "region",
    "country",       "po_box",      "company",        "job_title",    "free_text", "file_name",
    "search_copy",   "health",      "religion",       "ethnicity",    "politics",  "union",
    "sexuality",     "criminal"};

std::string Folded(std::string_view text) {
  std::string out;
  fake::AppendAscii(text, out);
  return out;
}

bool Has(const fake::List& list, std::string_view entry) {
  for (std::size_t i = 0; i < list.size(); ++i) {
    if (list[i].substr(0, list[i].find('\t')) == entry) return true;
  }
  return false;
}

bool IsUtf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = DecodeAt(text, at);
    if (!point.valid) return false;
    at += point.bytes;
  }
  return true;
}

TEST(FakeNames, NamesMailAndLoginOfOnePersonBelongTogetherInEveryLocale) {
  for (const Locale locale : kAll) {
    const fake::Lists& lists = fake::ListsOf(locale);
    int women = 0;
    for (int i = 0; i < 200; ++i) {
      const std::string seed = std::to_string(i);
      Ask ask;
      ask.seed = seed.c_str();
      ask.locale = locale;
      const std::string first = FakeOf("first_name", "Some", ask);
      const std::string last = FakeOf("last_name", "Body", ask);
      const std::string gender = FakeOf("gender", "female", ask);
      const std::string title = FakeOf("title", "Dr.", ask);
      EXPECT_EQ(FakeOf("first_name", "Other value, other table", ask), first);
      EXPECT_EQ(FakeOf("full_name", "Some Body", ask), first + " " + last);
      EXPECT_EQ(FakeOf("full_name", "Body, Some", ask), last + ", " + first);
      const bool woman = gender == "female";
      women += woman ? 1 : 0;
      EXPECT_TRUE(Has(woman ? lists.first_names_female : lists.first_names_male, first)) << first;
      EXPECT_TRUE(Has(woman ? lists.last_names_female : lists.last_names_male, last)) << last;
      EXPECT_TRUE(Has(woman ? lists.titles_female : lists.titles_male, title)) << title;
      const std::string both = Folded(first) + "." + Folded(last) + ".";
      const std::string joined = Folded(first) + Folded(last);
      EXPECT_EQ(FakeOf("email", "a@b.c", ask).substr(0, both.size()), both);
      EXPECT_EQ(FakeOf("username", "ab", ask).substr(0, joined.size()), joined);
      EXPECT_EQ(FakeOf("social_handle", "@ab", ask).substr(0, joined.size() + 1), "@" + joined);
      EXPECT_NE(FakeOf("url", "https://a.b/c", ask).find("/" + joined), std::string::npos);
      // The unique form changes the digest's part only.
      ask.unique = true;
      EXPECT_EQ(FakeOf("email", "a@b.c", ask).substr(0, both.size()), both);
      EXPECT_NE(FakeOf("email", "a@b.c", ask), FakeOf("email", "a@b.d", ask));
    }
    EXPECT_TRUE(women > 60 && women < 140) << LocaleName(locale);
  }
}

TEST(FakeNames, AnAddressOfOnePersonBelongsTogetherAndTheCodeIsTheCitys) {
  for (const Locale locale : kAll) {
    const fake::Lists& lists = fake::ListsOf(locale);
    for (int i = 0; i < 100; ++i) {
      const std::string seed = std::to_string(i);
      Ask ask;
      ask.seed = seed.c_str();
      ask.locale = locale;
      const std::string city = FakeOf("city", "Here", ask);
      const std::string street = FakeOf("street", "There", ask);
      const std::string number = FakeOf("street_number", "12", ask);
      const std::string line = FakeOf("address_line", "There 12", ask);
      const std::string whole = FakeOf("address_line", "There 12, 12345 Here", ask);
      const std::string lines = FakeOf("address_line", "There 12\n12345 Here", ask);
      EXPECT_NE(line.find(street), std::string::npos);
      EXPECT_NE(line.find(number), std::string::npos);
      EXPECT_NE(whole.find(city), std::string::npos);
      EXPECT_EQ(whole.substr(0, line.size()), line);
      EXPECT_EQ(lines.substr(0, line.size() + 1), line + "\n");
      const std::string code = FakeOf("postal_code", "12345", ask);
      EXPECT_NE(whole.find(code), std::string::npos) << whole << " without " << code;
      bool known = false;
      for (std::size_t c = 0; c < lists.cities.size(); ++c) {
        const std::string_view entry = lists.cities[c];
        if (entry.substr(0, entry.find('\t')) != city) continue;
        const std::string_view stem =
            std::string_view(code).substr(0, std::min(code.find(' '), code.size()));
        known = entry.find(stem) != std::string_view::npos;
      }
      EXPECT_TRUE(known) << city << " " << code;
      EXPECT_TRUE(Has(lists.regions, FakeOf("region", "some Where", ask)));
    }
  }
}

TEST(FakeNames, DifferentInputsHaveDifferentAddressesAndLogins) {
  const std::size_t count = test::VeryMany();
  for (const char* kind : {"email", "username"}) {
    const auto by_value = [kind](std::size_t i) {
      return FakeOf(kind, "person" + std::to_string(i) + "@mail.test");
    };
    EXPECT_EQ(test::CountDistinct(count, by_value), count) << kind;
    const auto in_short_column = [kind](std::size_t i) {
      Ask ask;
      ask.unique = true;
      ask.room = 30;
      return FakeOf(kind, std::to_string(i), ask);
    };
    EXPECT_EQ(test::CountDistinct(count / 5, in_short_column), count / 5) << kind;
  }
  const auto by_person = [](std::size_t i) {
    const std::string seed = std::to_string(i % 1000);
    Ask ask;
    ask.seed = seed.c_str();
    ask.unique = true;
    return FakeOf("email", "m" + std::to_string(i), ask);
  };
  EXPECT_EQ(test::CountDistinct(count / 5, by_person), count / 5);
}

TEST(FakeNames, MailGoesToReservedDomainsOnly) {
  const std::set<std::string> reserved = {"example.com", "example.org", "example.net"};
  std::set<std::string> seen;
  for (const Locale locale : kAll) {
    for (std::size_t i = 0; i < test::Many() / 20; ++i) {
      Ask ask;
      ask.locale = locale;
      const std::string mail = FakeOf("email", std::to_string(i) + "@real.de", ask);
      const std::size_t at = mail.find('@');
      ASSERT_NE(at, std::string::npos) << mail;
      EXPECT_LE(at, 64U);
      EXPECT_TRUE(reserved.contains(mail.substr(at + 1))) << mail;
      seen.insert(mail.substr(at + 1));
      for (const char c : mail.substr(0, at)) {
        EXPECT_TRUE((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.') << mail;
      }
      EXPECT_EQ(mail.find(".."), std::string::npos) << mail;
    }
  }
  EXPECT_EQ(seen, reserved);
}

TEST(FakeNames, EveryKindFitsEveryRoomAndSaysSoWhereUniqueDoesNot) {
  constexpr std::array kTexts = {"Jürgen Groß-Müller",
                                 "ANNA",
                                 "o",
                                 "jo@x.de",
                                 "Str. 12, 52062 Ort",
                                 "@anna",
                                 "https://x.de/a",
                                 "GROẞE STRAẞE 12",
                                 "12a",
                                 "scan.pdf",
                                 "A long note that\nhas two lines, and more words than fit."};
  for (const Locale locale : kAll) {
    for (const char* kind : kKinds) {
      for (std::size_t room = 1; room <= 60; ++room) {
        Ask ask;
        ask.locale = locale;
        ask.room = room;
        for (const char* text : kTexts) {
          ask.unique = false;
          const std::string fake = FakeOf(kind, text, ask);
          EXPECT_GE(fake.size(), 1U) << kind << " in " << room;
          EXPECT_LE(CountChars(fake), room) << kind << " " << fake;
          EXPECT_TRUE(IsUtf8(fake)) << kind << " " << fake;
          EXPECT_FALSE(fake.front() == ' ' || fake.back() == ' ') << kind << " '" << fake << "'";
          ask.unique = true;
          try {
            EXPECT_LE(CountChars(FakeOf(kind, text, ask)), room) << kind;
          } catch (const Error& error) {
            EXPECT_EQ(error.sqlstate, "PD005");
            EXPECT_LT(room, std::string_view(kind) == "email" ? 26U : 16U) << kind;
          }
        }
      }
    }
  }
}

TEST(FakeNames, RoomChangesOnlyWhatDoesNotFit) {
  for (const char* kind : kKinds) {
    for (int i = 0; i < 30; ++i) {
      const std::string text = "Value " + std::to_string(i);
      const std::string free = FakeOf(kind, text);
      Ask ask;
      ask.room = CountChars(free);
      EXPECT_EQ(FakeOf(kind, text, ask), free) << kind;
    }
  }
}

TEST(FakeNames, UniqueTextsOfAllKindsCarryTheDigest) {
  for (const char* kind : kKinds) {
    const auto make = [kind](std::size_t i) {
      Ask ask;
      ask.unique = true;
      ask.room = 40;
      return FakeOf(kind, "Value " + std::to_string(i), ask);
    };
    EXPECT_EQ(test::CountDistinct(test::Many(), make), test::Many()) << kind;
  }
}

TEST(FakeNames, CapitalsStayCapitalsAndSmallLettersSmall) {
  for (const Locale locale : kAll) {
    for (const char* kind :
         {"first_name", "last_name", "full_name", "street", "city", "region", "country", "company",
          "job_title", "birth_place", "nationality", "marital_status", "email", "username",
          "religion", "search_copy", "free_text"}) {
      for (int i = 0; i < 20; ++i) {
        Ask ask;
        ask.locale = locale;
        const std::string end(static_cast<std::size_t>(i), 'q');
        std::string upper_end(end.size(), 'Q');
        const std::string upper = FakeOf(kind, "ÄRGER WORT" + upper_end, ask);
        EXPECT_EQ(fake::StyleOf(upper), fake::Style::kUpper) << kind << " " << upper;
        const std::string lower = FakeOf(kind, "ärger wort" + end, ask);
        EXPECT_EQ(fake::StyleOf(lower), fake::Style::kLower) << kind << " " << lower;
      }
    }
  }
}

TEST(FakeNames, NothingOfTheInputComesThrough) {
  for (const Locale locale : kAll) {
    for (std::size_t i = 0; i < test::Many() / 10; ++i) {
      // Words that are in no list; what comes out is what the lists and the digest give.
      const std::string mark = "Zzyx" + std::to_string(i) + "wq";
      for (const char* kind : kKinds) {
        Ask ask;
        ask.locale = locale;
        for (const std::string& text :
             {mark, "Dr. " + mark + " Qq" + mark, mark + "@" + mark + ".de",
              "/home/" + mark + "/" + mark + ".pdf", "https://" + mark + ".de/" + mark,
              mark + " 12, 12345 " + mark}) {
          EXPECT_FALSE(fake::Holds(FakeOf(kind, text, ask), mark)) << kind;
        }
      }
    }
  }
}

TEST(FakeNames, ANameDrawnFromAValueIsNotTheValuesOwn) {
  for (const Locale locale : kAll) {
    const fake::Lists& lists = fake::ListsOf(locale);
    for (std::size_t i = 0; i < lists.last_names_male.size(); i += 3) {
      const std::string first(lists.first_names_male[i % lists.first_names_male.size()]);
      const std::string last(lists.last_names_male[i]);
      Ask ask;
      ask.locale = locale;
      const std::string fake = FakeOf("full_name", first + " " + last, ask);
      EXPECT_NE(fake.substr(0, first.size() + 1), first + " ") << fake;
      EXPECT_NE(FakeOf("last_name", last, ask), last);
      EXPECT_NE(FakeOf("first_name", first, ask), first);
      EXPECT_NE(FakeOf("city", "Berlin", ask), "Berlin");
    }
  }
}

TEST(FakeNames, GenderKeepsTheWordsOfTheColumn) {
  const auto words = [](std::string_view female, std::string_view male, Locale locale) {
    std::set<std::string> seen;
    for (int i = 0; i < 40; ++i) {
      const std::string seed = std::to_string(i);
      Ask ask;
      ask.seed = seed.c_str();
      ask.locale = locale;
      const std::string out = FakeOf("gender", female, ask);
      EXPECT_TRUE(out == female || out == male) << out;
      seen.insert(out);
    }
    return seen.size() == 2;
  };
  EXPECT_TRUE(words("F", "M", Locale::kEn));
  EXPECT_TRUE(words("female", "male", Locale::kNone));
  EXPECT_TRUE(words("Female", "Male", Locale::kPl));
  EXPECT_TRUE(words("w", "m", Locale::kDe));
  EXPECT_TRUE(words("W", "M", Locale::kEn));
  EXPECT_TRUE(words("Frau", "Mann", Locale::kNone));
  EXPECT_TRUE(words("weiblich", "männlich", Locale::kDe));
  EXPECT_TRUE(words("vrouw", "man", Locale::kNl));
  EXPECT_TRUE(words("K", "M", Locale::kPl));
  EXPECT_TRUE(words("2", "1", Locale::kFr));
}

TEST(FakeNames, FreeTextIsAboutAsLongAsTheInput) {
  for (const Locale locale : kAll) {
    for (const std::size_t chars : {20U, 60U, 200U, 1000U, 20000U}) {
      Ask ask;
      ask.locale = locale;
      const std::string fake = FakeOf("free_text", std::string(chars, 'x'), ask);
      EXPECT_LE(CountChars(fake), chars);
      EXPECT_GE(CountChars(fake), chars / 2) << fake.substr(0, 80);
    }
  }
  EXPECT_NE(FakeOf("free_text", std::string(100, 'x') + "\n" + std::string(200, 'y')).find('\n'),
            std::string::npos);
}

TEST(FakeNames, AFileKeepsItsEndingAndNothingElse) {
  const std::string fake = FakeOf("file_name", "C:\\Users\\anna\\Lebenslauf Anna.PDF");
  EXPECT_TRUE(fake.ends_with(".pdf"));
  EXPECT_EQ(fake.find_first_of("\\/ "), std::string::npos);
  EXPECT_EQ(FakeOf("file_name", "notes.annamueller").find('.'), std::string::npos);
}

}  // namespace
}  // namespace gdpr
