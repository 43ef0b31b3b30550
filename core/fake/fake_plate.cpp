// SPDX-License-Identifier: PostgreSQL
// Number plates. What sets them apart from other ids: their separators are part of the plan, and
// where a plan has many series it is told from what stands where.
#include <algorithm>
#include <string_view>

#include "fake_makers.hpp"
#include "fake_plans.hpp"
#include "fake_shape.hpp"

namespace gdpr::fake {
namespace {

// GB since 2001: the half-year is two digits; before: a letter first or last.
bool AgeTag(char* id) {
  const std::uint32_t tag = part::Two(id + 2);
  return (tag >= 2 && tag <= 26) || (tag >= 51 && tag <= 76);
}

constexpr Plan kGb("gb plate", kInEn, "[ABCDEFGHJKLMNOPRSTUVWXY]*2dd[ABCDEFGHJKLMNOPRSTUVWXYZ]*3",
                   AgeTag, "____ ___");
constexpr Plan kGbPrefix("gb plate 1983", kInEn,
                         "[ABCDEFGHJKLMNPRSTVWXY]pdd[ABCDEFGHJKLMNOPRSTUVWXYZ]*3");
constexpr Plan kGbSuffix("gb plate 1963", kInEn,
                         "[ABCDEFGHJKLMNOPRSTUVWXYZ]*3pdd[ABCDEFGHJKLMNPRSTVWXY]");
constexpr Plan kUsSeven("us plate 7", kInEn, "paaaddd");
constexpr Plan kUsSix("us plate 6", kInEn, "aaaddd");
constexpr Plan kUsLong("us plate", kInEn, "aaadddd");
constexpr Plan kFr(
    "fr plate", kInFr, "u=ABCDEFGHJKLMNPQRSTVWXYZ;uuddduu",
    [](char* id) {
      return std::string_view(id + 2, 3) != "000" && std::string_view(id, 2) != "SS" &&
             std::string_view(id + 5, 2) != "SS";
    },
    "__-___-__");
constexpr Plan kEs("es plate", kInEs, "dddd[BCDFGHJKLMNPRSTVWXYZ]*3", nullptr, "____ ___");
constexpr Plan kIt("it plate", kInIt, "u=ABCDEFGHJKLMNPRSTVWXYZ;uuddduu", nullptr, "__ ___ __");
constexpr Plan kNl6("nl plate 6", kInNl, "u=BDFGHJKLNPRSTVXZ;uudddu", nullptr, "__-___-_");
constexpr Plan kNl7("nl plate 7", kInNl, "d[BDFGHJKLNPRSTVXZ]*3dd");
constexpr Plan kNl8("nl plate 8", kInNl, "d[BDFGHJKLNPRSTVXZ]*2ddd");
constexpr Plan kNl9("nl plate 9", kInNl, "u=BDFGHJKLNPRSTVXZ;uddduu");
constexpr Plan kNl10("nl plate 10", kInNl, "u=BDFGHJKLNPRSTVXZ;udduuu");
constexpr Plan kNl4("nl plate 4", kInNl, "dd[BDFGHJKLNPRSTVXZ]*4");
constexpr Plan kNl5("nl plate 5", kInNl, "dd[BDFGHJKLNPRSTVXZ]*3d");
constexpr Plan kNl3("nl plate 3", kInNl, "u=BDFGHJKLNPRSTVXZ;uudduu");
constexpr Plan kPt4("pt plate 2020", kInPt, "u=ABCDEFGHIJKLMNOPQRSTUVXYZ;uudduu", nullptr,
                    "__-__-__");
constexpr Plan kPt3("pt plate 2005", kInPt, "dd[ABCDEFGHIJKLMNOPQRSTUVXYZ]*2dd");
constexpr Plan kPt2("pt plate 1992", kInPt, "dddd[ABCDEFGHIJKLMNOPQRSTUVXYZ]*2");
constexpr Plan kPt1("pt plate 1937", kInPt, "[ABCDEFGHIJKLMNOPQRSTUVXYZ]*2dddd");
constexpr Plan kBe("be plate", kInFr | kInNl, "[12]aaaddd", nullptr);
// PL: the voivodeship, one or two letters of the county, and four or five characters.
constexpr Plan kPl7("pl plate 2", kInPl, "[BCDEFGKLNOPRSTWZ]addddd", nullptr, "__ _____");
constexpr Plan kPl7Letter("pl plate 2 a", kInPl, "[BCDEFGKLNOPRSTWZ]adddda");
constexpr Plan kPl8("pl plate 3", kInPl, "[BCDEFGKLNOPRSTWZ]aaddddd");
constexpr Plan kPl7Three("pl plate 3 aa", kInPl, "[BCDEFGKLNOPRSTWZ]aaddda");

constexpr auto kPlates = std::to_array<const Plan*>(
    {&kGb,  &kGbPrefix, &kGbSuffix, &kUsSeven, &kUsSix, &kUsLong,    &kFr,  &kEs,      &kIt,
     &kNl6, &kNl7,      &kNl8,      &kNl9,     &kNl10,  &kNl5,       &kNl4, &kNl3,     &kPt4,
     &kPt3, &kPt2,      &kPt1,      &kBe,      &kPl7,   &kPl7Letter, &kPl8, &kPl7Three});

// DE, AT: districts by the length of their code, in order.
constexpr std::string_view kOne = "BCDEFGHJKLMNPRSVWXZ";
constexpr std::array<Part, 3> kDistricts = {
    OneOf(1, kOne),
    OneOf(2,
          "AAABACAKANAPASAUAZBABBBCBIBKBLBMBNBOBSBTBZCBCECOCWDADBDDDHDNDODUDWEAEEEFEIEMENERESEUFBFD"
          "FFFGFLFNFOFRFSFTGAGCGEGFGGGIGLGMGPGRGSGTGZHAHBHDHEHFHGHHHIHLHMHNHOHPHRHSHXIKINIZJLKAKBKC"
          "KEKFKHKIKLKNKOKRKSKTKULALBLDLELGLILLLMLOLULWMAMBMDMEMGMIMKMLMMMOMQMRMSMTMWMZNBNDNENFNHNI"
          "NKNMNRNSNUNWOAOBODOFOGOHOLPAPBPEPFPIPLPMPSRARDRERORSRTRVRWSASBSCSESGSHSISKSLSMSNSOSPSRST"
          "SUSWTBTFTRTSTUUEULUNVBVKVRVSWBWEWFWIWLWMWNWOWSWTWUWWZIZRZWZZ"),
    OneOf(3,
          "ABIAICALFAMBANKAPDAURBARBBGBIRBITBORBOTCASCELCHACLPCOCCOECUXDANDAUDBRDEGDELDGFDILDINDLGD"
          "ONEBEEICEINEMDERBERHESWFDSFFBFLOFRGFRIFUEGAPGERGHAGOAGRZGTHGUBGVMHALHAMHAVHBNHDHHEFHEIHE"
          "RHIPHOLHOMHROHSKHSTHVLJEVKEHKEMKIBKLEKOSKYFLAULDKLDSLERLEVLIFLIPLOSLRO")};

struct GermanPlate {
  std::size_t district = 0;  // letters
  std::size_t letters_at = 0;
  std::size_t letters = 0;
  std::size_t digits_at = 0;
  std::size_t digits = 0;
};

std::size_t DistrictAt(std::string_view district) {
  const std::string_view list = kDistricts[district.size() - 1].words;
  for (std::size_t at = 0; at < list.size(); at += district.size()) {
    if (std::equal(district.begin(), district.end(), list.begin() + static_cast<std::ptrdiff_t>(at),
                   [](char a, char b) { return Upper(a) == b; })) {
      return at / district.size();
    }
  }
  return std::string_view::npos;
}

// "M-AB 1234", "HH XY 12 E": the district ends at its separator.
bool ReadGerman(std::string_view text, GermanPlate& plate) {
  std::size_t at = 0;
  const auto run = [&](auto is) {
    const std::size_t start = at;
    while (at < text.size() && is(text[at])) ++at;
    return at - start;
  };
  const auto separator = [](char c) { return c == ' ' || c == '-' || c == ':' || c == '.'; };
  plate.district = run(IsLetter);
  if (plate.district < 1 || plate.district > 3 || run(separator) == 0) return false;
  plate.letters_at = at;
  plate.letters = run(IsLetter);
  if (plate.letters < 1 || plate.letters > 2) return false;
  run(separator);
  plate.digits_at = at;
  plate.digits = run(IsDigit);
  if (plate.digits < 1 || plate.digits > 4 || text[plate.digits_at] == '0') return false;
  run(separator);
  if (at < text.size() && (Upper(text[at]) == 'E' || Upper(text[at]) == 'H')) ++at;
  return at == text.size() && DistrictAt(text.substr(0, plate.district)) != std::string_view::npos;
}

bool IsGerman(std::string_view text) {
  GermanPlate plate;
  return ReadGerman(text, plate);
}

void MakeGerman(const Call& call, const GermanPlate& plate) {
  const std::string_view list = kDistricts[plate.district - 1].words;
  std::uint64_t letters = plate.letters == 1 ? 26 : 26UL * 26;
  std::uint64_t numbers = 9;
  for (std::size_t i = 1; i < plate.digits; ++i) numbers *= 10;
  const std::uint64_t size = list.size() / plate.district * letters * numbers;
  std::uint64_t index = 0;
  if (call.Permutes()) {
    index = DistrictAt(call.text.substr(0, plate.district));
    for (std::size_t i = 0; i < plate.letters; ++i) {
      index = index * 26 + static_cast<std::uint64_t>(Upper(call.text[plate.letters_at + i]) - 'A');
    }
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < plate.digits; ++i) {
      number = number * 10 + static_cast<std::uint64_t>(call.text[plate.digits_at + i] - '0');
    }
    index = index * numbers + number - numbers / 9;
    index = static_cast<std::uint64_t>(call.Permute("de plate", size, index));
  } else {
    index = call.Value("de plate").Below(size);
  }
  Written made(call.text);
  char* const id = made.id.data();
  std::uint64_t number = index % numbers + numbers / 9;
  index /= numbers;
  for (std::size_t i = plate.digits; i-- > 0; number /= 10) {
    id[plate.district + plate.letters + i] = static_cast<char>('0' + number % 10);
  }
  for (std::size_t i = plate.letters; i-- > 0; index /= 26) {
    id[plate.district + i] = static_cast<char>('A' + index % 26);
  }
  list.copy(id, plate.district, static_cast<std::size_t>(index) * plate.district);
  Spell(call.text, made, call.out);
}

// A German plate where there was none: "B-XY 1234".
void NewGerman(const Call& call) {
  Draw draw = call.Value("de plate");
  call.out += kOne[draw.Below(kOne.size())];
  call.out += '-';
  call.out += static_cast<char>('A' + draw.Below(26));
  call.out += static_cast<char>('A' + draw.Below(26));
  call.out.append(" ").append(1, static_cast<char>('1' + draw.Below(9)));
  for (int i = 0; i < 3; ++i) call.out += draw.Digit();
}

}  // namespace

void LicencePlate(const Call& call) {
  GermanPlate plate;
  const bool german = call.locale == Locale::kNone || call.locale == Locale::kDe;
  if (german && ReadGerman(call.text, plate)) return MakeGerman(call, plate);
  constexpr std::size_t kGermanLength = 9;
  if (!call.unique && call.LocaleOr(Locale::kNone) == Locale::kDe && call.room >= kGermanLength) {
    return NewGerman(call);
  }
  MakeId(call, kPlates, german ? IsGerman : nullptr);
}

}  // namespace gdpr::fake
