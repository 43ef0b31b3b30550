// SPDX-License-Identifier: PostgreSQL
#include "batch/run/signals.hpp"

#include <csignal>
#include <map>
#include <mutex>
#include <utility>

#include "batch/output/log.hpp"

namespace gdpr::batch {
namespace {

std::mutex watched_mutex;
std::map<const void*, Connection::Canceller> watched;

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGUSR1);  // ends the thread
  return set;
}

}  // namespace

Signals::Signals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  thread_ = std::thread(&Signals::Wait, this);
}

Signals::~Signals() {
  ending_ = true;
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

void Signals::Wait() {
  const sigset_t set = StopSignals();
  for (;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == SIGUSR1) {
      if (ending_) return;
      continue;
    }
    const int caught = ++caught_;
    const char* name = signal == SIGINT ? "SIGINT" : "SIGTERM";
    if (caught == 1) {
      Log(Level::kWarning, "signal",
          {{"signal", name},
           {"action", "finish the running chunks; send it again to cancel them"}});
    } else {
      Log(Level::kWarning, "signal", {{"signal", name}, {"action", "cancel the running chunks"}});
      const std::lock_guard lock(watched_mutex);
      for (const auto& [slot, canceller] : watched) Connection::Cancel(canceller);
    }
  }
}

void Signals::Watch(const void* slot, Connection::Canceller canceller) {
  const std::lock_guard lock(watched_mutex);
  watched[slot] = std::move(canceller);
}

void Signals::Forget(const void* slot) {
  const std::lock_guard lock(watched_mutex);
  watched.erase(slot);
}

}  // namespace gdpr::batch
