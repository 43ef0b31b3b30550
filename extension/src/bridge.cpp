// SPDX-License-Identifier: PostgreSQL
#include "extension/src/bridge.hpp"

#include <cstring>

#include "extension/src/pg.hpp"

namespace gdpr::pg {
namespace {

template <std::size_t N>
void Copy(char (&to)[N], std::string_view from) noexcept {
  std::size_t size = from.size() < N ? from.size() : N - 1;
  if (size < from.size()) {
    while (size > 0 && (static_cast<unsigned char>(from[size]) & 0xC0) == 0x80) size--;
  }
  std::memcpy(to, from.data(), size);
  to[size] = '\0';
}

}  // namespace

void Keep(Failure& failure, std::string_view sqlstate, std::string_view message,
          std::string_view detail, std::string_view hint) noexcept {
  Copy(failure.sqlstate, sqlstate.size() == 5 ? sqlstate : "XX000");
  Copy(failure.message, message);
  Copy(failure.detail, detail);
  Copy(failure.hint, hint);
}

void Report(const Failure& failure) {
  const char* s = failure.sqlstate;
  const char* message = FromUtf8(failure.message);
  const char* detail = FromUtf8(failure.detail);
  const char* hint = FromUtf8(failure.hint);
  ereport(ERROR,
          (errcode(MAKE_SQLSTATE(s[0], s[1], s[2], s[3], s[4])), errmsg_internal("%s", message),
           detail[0] ? errdetail_internal("%s", detail) : 0, hint[0] ? errhint("%s", hint) : 0));
  pg_unreachable();
}

const char* FromUtf8(const char* text) {
  int encoding = GetDatabaseEncoding();
  if (encoding == PG_UTF8 || encoding == PG_SQL_ASCII) return text;
  return pg_any_to_server(text, static_cast<int>(strlen(text)), PG_UTF8);
}

void* Allocate(std::size_t size) {
  if (!AllocSizeIsValid(size)) throw std::bad_alloc();
  void* memory = palloc_extended(size, MCXT_ALLOC_NO_OOM);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

varlena* TextOf(std::string_view bytes) {
  auto* result = static_cast<varlena*>(Allocate(bytes.size() + VARHDRSZ));
  SET_VARSIZE(result, bytes.size() + VARHDRSZ);
  std::memcpy(VARDATA(result), bytes.data(), bytes.size());
  return result;
}

}  // namespace gdpr::pg
