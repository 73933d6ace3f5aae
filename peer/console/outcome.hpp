#pragma once

#include <xfsbus/peer/peer.hpp>

#include <cstddef>

namespace xfsbus::console {

/// The exit code of a program that SIGINT ended.
inline constexpr int code_of_sigint = 130;

/// Of the files of a download: those that failed, and those that were here already.
std::size_t failed_files(peer::DownloadReport const& report);
std::size_t present_files(peer::DownloadReport const& report);

/// The exit code of a job of several files: that of the worst.
int code_of(peer::DownloadReport const& report);

/// How many peers lack the file, of those that were to have it; `wanted` 0: all that take pushes.
std::size_t missing(peer::PushReport const& report, std::size_t wanted);

/// True if peers are still at it: the watching was ended early.
bool unfinished(peer::PushReport const& report);

/// The exit code: 0 if as many as were wanted have the file. A peer that failed counts when all
/// were wanted; when a number was, another has made it good or is missing.
int code_of(peer::PushReport const& report, std::size_t wanted);

}  // namespace xfsbus::console
