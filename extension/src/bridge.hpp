// SPDX-License-Identifier: PostgreSQL
// The bridge between C++ exceptions and the server's longjmp. Glue has three steps:
//   (a) arguments: backend calls, plain data only
//   (b) Catch(failure, [&] { core… }): C++ only, nothing in it may ereport
//   (c) if (!ok) Report(failure): no C++ object with a destructor is alive
#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <string_view>

#include "core/error.hpp"

struct varlena;

namespace gdpr::pg {

/// An error as plain data: it survives a longjmp.
struct Failure {
  char sqlstate[6];
  char message[512];
  char detail[1200];
  char hint[2000];
};

/// Copies an error into plain data; texts that are too long are cut between characters.
void Keep(Failure& failure, std::string_view sqlstate, std::string_view message,
          std::string_view detail, std::string_view hint) noexcept;

/// Runs C++ code that may throw and must not call the server.
/// out     true, or false with `failure` filled
template <class Work>
[[nodiscard]] bool Catch(Failure& failure, Work&& work) noexcept {
  try {
    work();
    return true;
  } catch (const Error& error) {
    Keep(failure, error.sqlstate, error.message, error.detail, error.hint);
  } catch (const std::bad_alloc&) {
    Keep(failure, "53200", "out of memory", "", "");
  } catch (const std::exception&) {
    // what() may quote a value: it is not passed on
    Keep(failure, "XX000", "unexpected error in pg_gdpr", "", "");
  } catch (...) {
    Keep(failure, "XX000", "unexpected error in pg_gdpr", "", "");
  }
  return false;
}

/// Raises the failure as an ERROR of the server. Never returns.
[[noreturn]] void Report(const Failure& failure);

/// Core's text in the server's encoding: the same, or a copy in the current context. May ereport.
const char* FromUtf8(const char* text);

/// Copies bytes into a new server string (text, bytea, json, xml…).
/// errors  throws std::bad_alloc, never ereport: callable within Catch
varlena* TextOf(std::string_view bytes);

/// Asks the server for memory from within Catch. Throws std::bad_alloc.
void* Allocate(std::size_t size);

}  // namespace gdpr::pg
