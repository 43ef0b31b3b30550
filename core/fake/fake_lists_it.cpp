// SPDX-License-Identifier: PostgreSQL
// Sources and licences: core/fake/data/README.md and core/fake/data/LICENSE.
#include "fake_lists.hpp"

namespace gdpr::fake {
namespace {

// clang-format off
constexpr char kFirstNamesFemale[] =
#include "data/it_first_names_female.inc"
;
constexpr char kFirstNamesMale[] =
#include "data/it_first_names_male.inc"
;
constexpr char kLastNames[] =
#include "data/it_last_names.inc"
;
constexpr char kTitlesFemale[] =
#include "data/it_titles_female.inc"
;
constexpr char kTitlesMale[] =
#include "data/it_titles_male.inc"
;
constexpr char kNationalities[] =
#include "data/it_nationalities.inc"
;
constexpr char kMaritalStates[] =
#include "data/it_marital_states.inc"
;
constexpr char kStreets[] =
#include "data/it_streets.inc"
;
constexpr char kCities[] =
#include "data/it_cities.inc"
;
constexpr char kRegions[] =
#include "data/it_regions.inc"
;
constexpr char kCountries[] =
#include "data/it_countries.inc"
;
constexpr char kCompanyWords[] =
#include "data/it_company_words.inc"
;
constexpr char kCompanyForms[] =
#include "data/it_company_forms.inc"
;
constexpr char kJobs[] =
#include "data/it_jobs.inc"
;
constexpr char kNouns[] =
#include "data/it_nouns.inc"
;
constexpr char kSentences[] =
#include "data/it_sentences.inc"
;
constexpr char kHealth[] =
#include "data/it_health.inc"
;
constexpr char kReligions[] =
#include "data/it_religions.inc"
;
constexpr char kEthnicities[] =
#include "data/it_ethnicities.inc"
;
constexpr char kPolitics[] =
#include "data/it_politics.inc"
;
constexpr char kUnions[] =
#include "data/it_unions.inc"
;
constexpr char kSexualities[] =
#include "data/it_sexualities.inc"
;
constexpr char kOffences[] =
#include "data/it_offences.inc"
;
// clang-format on

}  // namespace

constinit const Lists kListsIt = {
    .first_names_female = kListOf<kFirstNamesFemale>,
    .first_names_male = kListOf<kFirstNamesMale>,
    .last_names_female = kListOf<kLastNames>,
    .last_names_male = kListOf<kLastNames>,
    .titles_female = kListOf<kTitlesFemale>,
    .titles_male = kListOf<kTitlesMale>,
    .nationalities = kListOf<kNationalities>,
    .marital_states = kListOf<kMaritalStates>,
    .streets = kListOf<kStreets>,
    .cities = kListOf<kCities>,
    .regions = kListOf<kRegions>,
    .countries = kListOf<kCountries>,
    .company_words = kListOf<kCompanyWords>,
    .company_forms = kListOf<kCompanyForms>,
    .jobs = kListOf<kJobs>,
    .nouns = kListOf<kNouns>,
    .sentences = kListOf<kSentences>,
    .health = kListOf<kHealth>,
    .religions = kListOf<kReligions>,
    .ethnicities = kListOf<kEthnicities>,
    .politics = kListOf<kPolitics>,
    .unions = kListOf<kUnions>,
    .sexualities = kListOf<kSexualities>,
    .offences = kListOf<kOffences>,
};

}  // namespace gdpr::fake
