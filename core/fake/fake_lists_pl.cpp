// SPDX-License-Identifier: PostgreSQL
// Sources and licences: core/fake/data/README.md and core/fake/data/LICENSE.
#include "fake_lists.hpp"

namespace gdpr::fake {
namespace {

// clang-format off
constexpr char kFirstNamesFemale[] =
#include "data/pl_first_names_female.inc"
;
constexpr char kFirstNamesMale[] =
#include "data/pl_first_names_male.inc"
;
constexpr char kLastNamesFemale[] =
#include "data/pl_last_names_female.inc"
;
constexpr char kLastNamesMale[] =
#include "data/pl_last_names_male.inc"
;
constexpr char kTitlesFemale[] =
#include "data/pl_titles_female.inc"
;
constexpr char kTitlesMale[] =
#include "data/pl_titles_male.inc"
;
constexpr char kNationalities[] =
#include "data/pl_nationalities.inc"
;
constexpr char kMaritalStates[] =
#include "data/pl_marital_states.inc"
;
constexpr char kStreets[] =
#include "data/pl_streets.inc"
;
constexpr char kCities[] =
#include "data/pl_cities.inc"
;
constexpr char kRegions[] =
#include "data/pl_regions.inc"
;
constexpr char kCountries[] =
#include "data/pl_countries.inc"
;
constexpr char kCompanyWords[] =
#include "data/pl_company_words.inc"
;
constexpr char kCompanyForms[] =
#include "data/pl_company_forms.inc"
;
constexpr char kJobs[] =
#include "data/pl_jobs.inc"
;
constexpr char kNouns[] =
#include "data/pl_nouns.inc"
;
constexpr char kSentences[] =
#include "data/pl_sentences.inc"
;
constexpr char kHealth[] =
#include "data/pl_health.inc"
;
constexpr char kReligions[] =
#include "data/pl_religions.inc"
;
constexpr char kEthnicities[] =
#include "data/pl_ethnicities.inc"
;
constexpr char kPolitics[] =
#include "data/pl_politics.inc"
;
constexpr char kUnions[] =
#include "data/pl_unions.inc"
;
constexpr char kSexualities[] =
#include "data/pl_sexualities.inc"
;
constexpr char kOffences[] =
#include "data/pl_offences.inc"
;
// clang-format on

}  // namespace

constinit const Lists kListsPl = {
    .first_names_female = kListOf<kFirstNamesFemale>,
    .first_names_male = kListOf<kFirstNamesMale>,
    .last_names_female = kListOf<kLastNamesFemale>,
    .last_names_male = kListOf<kLastNamesMale>,
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
