// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE es
#define GDPR_LISTS kListsEs
#include "fake_lists_of.inc"
