// SPDX-License-Identifier: PostgreSQL
// Sources and licences: core/fake/data/README.md and core/fake/data/LICENSE.
#include "fake_lists.hpp"

namespace gdpr::fake {
namespace {

// clang-format off
constexpr char kFirstNamesFemale[] =
#include "data/en_first_names_female.inc"
;
constexpr char kFirstNamesMale[] =
#include "data/en_first_names_male.inc"
;
constexpr char kLastNames[] =
#include "data/en_last_names.inc"
;
constexpr char kTitlesFemale[] =
#include "data/en_titles_female.inc"
;
constexpr char kTitlesMale[] =
#include "data/en_titles_male.inc"
;
constexpr char kNationalities[] =
#include "data/en_nationalities.inc"
;
constexpr char kMaritalStates[] =
#include "data/en_marital_states.inc"
;
constexpr char kStreets[] =
#include "data/en_streets.inc"
;
constexpr char kCities[] =
#include "data/en_cities.inc"
;
constexpr char kRegions[] =
#include "data/en_regions.inc"
;
constexpr char kCountries[] =
#include "data/en_countries.inc"
;
constexpr char kCompanyWords[] =
#include "data/en_company_words.inc"
;
constexpr char kCompanyForms[] =
#include "data/en_company_forms.inc"
;
constexpr char kJobs[] =
#include "data/en_jobs.inc"
;
constexpr char kNouns[] =
#include "data/en_nouns.inc"
;
constexpr char kSentences[] =
#include "data/en_sentences.inc"
;
constexpr char kHealth[] =
#include "data/en_health.inc"
;
constexpr char kReligions[] =
#include "data/en_religions.inc"
;
constexpr char kEthnicities[] =
#include "data/en_ethnicities.inc"
;
constexpr char kPolitics[] =
#include "data/en_politics.inc"
;
constexpr char kUnions[] =
#include "data/en_unions.inc"
;
constexpr char kSexualities[] =
#include "data/en_sexualities.inc"
;
constexpr char kOffences[] =
#include "data/en_offences.inc"
;
// clang-format on

}  // namespace

constinit const Lists kListsEn = {
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
