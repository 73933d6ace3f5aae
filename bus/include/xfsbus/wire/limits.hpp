#pragma once

#include <cstddef>
#include <cstdint>

/// Every bound of the protocol. Whatever a stranger can make grow has its limit here and a test
/// at it. PROTOCOL.md, "Limits", says the same in words.
namespace xfsbus::wire::limits {

inline constexpr std::size_t control_body_bytes = 256 * 1024;
inline constexpr std::size_t text_bytes = 1024;  ///< any string that is not a name
inline constexpr std::size_t name_bytes = 1024;
inline constexpr std::size_t name_part_bytes = 255;
inline constexpr std::size_t name_depth = 32;
inline constexpr std::size_t pattern_bytes = 256;  ///< a glob
inline constexpr std::size_t map_keys = 32;
inline constexpr std::size_t nesting = 6;

inline constexpr std::size_t update_entries = 1024;     ///< names added, or removed, by one Update
inline constexpr std::size_t update_bytes = 96 * 1024;  ///< a sender starts a new batch here
inline constexpr std::size_t cursor_bytes = 1097;       ///< of a Find
inline constexpr std::size_t found_files = 1024;        ///< files in one Found
inline constexpr std::size_t found_sources = 256;       ///< sources of one file in one Found
inline constexpr std::size_t swarm_sources = 64;        ///< ... to a find by a whole content id
inline constexpr std::size_t found_bytes = 192 * 1024;  ///< the tracker starts a new page here
inline constexpr std::size_t peers_page = 1024;
inline constexpr std::size_t changes_files = 1024;  ///< files in one Changes
inline constexpr std::size_t contents_per_ping = 64;
inline constexpr std::size_t manifests_per_request = 1024;
inline constexpr std::size_t manifest_reply_bytes = 192 * 1024;
inline constexpr std::size_t wants_per_request = 1024;
inline constexpr std::size_t chunks_per_want = 1024;
inline constexpr std::size_t contents_per_bundle = 64;
inline constexpr std::uint32_t bundle_bytes = 256 * 1024;  ///< of all its contents
inline constexpr std::size_t queued_per_transfer = 4096;   ///< chunks that wait to be sent
inline constexpr std::size_t queued_per_connection = 64 * 1024;
inline constexpr std::size_t transfers_per_connection = 2048;
inline constexpr std::size_t data_endpoints_per_connection = 4;
inline constexpr std::size_t chunks_per_have = 1024;
inline constexpr std::size_t transfers_per_close = 4096;

inline constexpr std::size_t digest_bytes_min = 32;
inline constexpr std::size_t digest_bytes_max = 64;
inline constexpr std::uint32_t chunk_bytes_min = 128 * 1024;
inline constexpr std::uint32_t chunk_bytes_max = 4 * 1024 * 1024;
inline constexpr std::uint64_t chunks_per_file = 1024 * 1024;
inline constexpr std::size_t bitmap_bytes = chunks_per_file / 8;                ///< of a Have
inline constexpr std::uint64_t file_bytes = chunks_per_file * chunk_bytes_max;  ///< 4 TiB
inline constexpr std::size_t manifest_bytes = 64 + 32 + chunks_per_file * digest_bytes_max;

}  // namespace xfsbus::wire::limits
