#pragma once

#include <xfsbus/peer/peer.hpp>

#include <cstddef>
#include <optional>
#include <string>

namespace xfsbus::console {

/// The exit code of a program that SIGINT ended.
inline constexpr int code_of_sigint = 130;

/// Of the files of a download: those that failed, and those that were here already.
std::size_t failed_files(peer::DownloadReport const& report);
std::size_t present_files(peer::DownloadReport const& report);

/// The exit code of a job of several files: that of the worst.
int code_of(peer::DownloadReport const& report);

/// How many peers lack the file, of those that were to have it.
std::size_t lacking(peer::PushReport const& report, peer::PushRequest const& request);

/// True if peers are still at it: the watching was ended early.
bool unfinished(peer::PushResult const& result);

/// Who lacks what, in a sentence; nullopt if nobody does, as far as one can know.
std::optional<std::string> shortfall(peer::PushResult const& result,
                                     peer::PushRequest const& request);

}  // namespace xfsbus::console
