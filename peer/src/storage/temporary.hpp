#pragma once

#include <xfsbus/wire/ids.hpp>

#include <string>
#include <string_view>

namespace xfsbus::peer::storage {

/// The files that a download keeps beside the final one: hidden from the share, and named after
/// the content and the final name, so that files with equal bytes do not get in each other's way.
/// (Equal hashes of two names would only make one of the two wait its turn.)
struct TemporaryNames {
    std::string part;     ///< the bytes that are here
    std::string journal;  ///< which of them were written
    std::string claim;    ///< that the final name is taken for it; see NameClaim

    TemporaryNames(wire::ContentId const& content, std::string_view final_leaf);
    /// Those that belong to a part.
    explicit TemporaryNames(std::string_view part_leaf);
};

enum class Temporary { none, part, journal, claim };

/// Which of these a file is, by its name alone.
Temporary temporary_kind(std::string_view leaf);

}  // namespace xfsbus::peer::storage
