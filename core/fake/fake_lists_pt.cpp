// SPDX-License-Identifier: PostgreSQL
#define GDPR_LOCALE pt
#define GDPR_LISTS kListsPt
#include "fake_lists_of.inc"
