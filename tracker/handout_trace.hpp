#pragma once

#include <xfsbus/policies/host/guarded_handout.hpp>
#include <xfsbus/trace/trace_file.hpp>
#include <xfsbus/tracker/handout_recorder.hpp>
#include <xfsbus/wire/log.hpp>
#include <xfsbus/wire/result.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace xfsbus::tracker {

/// A handout, and what tells it from all others.
struct LoadedHandout {
    std::shared_ptr<policies::GuardedHandout> policy = {};  ///< null: the built-in rule alone
    std::string name = "mixed";
    std::string version = {};
    std::string sha256 = {};  ///< of its file; empty: it is built in
    std::vector<std::pair<std::string, std::string>> parameters = {};
};

/// Writes down what a tracker's answers name, and why; docs/POLICIES.md describes the records.
class HandoutTrace final : public HandoutRecorder {
  public:
    struct Options {
        std::filesystem::path path = {};
        std::uint64_t bytes_most = 0;  ///< of the file; as much again is kept of the one before
        OnLog log = {};                ///< any thread
        /// Microseconds of a steady clock; the trace begins now.
        std::function<std::uint64_t()> now_us;
    };

    /// Makes the file, or empties it. Errc::disk if there can be no such file.
    static Result<std::shared_ptr<HandoutTrace>> create(Options options);

    /// For create.
    HandoutTrace(std::unique_ptr<trace::TraceFile> file, std::function<std::uint64_t()> now_us);

    /// It decides from now on. On the tracker's thread, or before that runs.
    void on_loaded(LoadedHandout const& handout);

    void on_handout(HandedOut handed) override;
    [[nodiscard]] bool made_good() const override;

  private:
    [[nodiscard]] std::uint64_t t_us() const { return now_us_() - begun_us_; }

    std::unique_ptr<trace::TraceFile> file_;
    std::function<std::uint64_t()> now_us_;
    std::uint64_t begun_us_;
    bool begun_ = false;
    std::shared_ptr<policies::GuardedHandout const> policy_;
};

}  // namespace xfsbus::tracker
