#pragma once

#include <xfsbus/peer/download.hpp>
#include <xfsbus/wire/result.hpp>

#include <optional>

namespace xfsbus::c {

/// Why something did not all come to what was asked; nullopt: it did.
template <typename T>
std::optional<Error> error_of(Result<T> const& result) {
    return result ? std::nullopt : std::optional(result.error());
}

/// A download did only if each of its files is there. Of several errors, that of the first file.
inline std::optional<Error> error_of(Result<peer::DownloadReport> const& result) {
    if (!result) {
        return result.error();
    }
    for (auto const& file : result->files) {
        if (file.error) {
            return file.error;
        }
    }
    return std::nullopt;
}

}  // namespace xfsbus::c
