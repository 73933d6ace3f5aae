#include "requests.hpp"

#include "guard.hpp"
#include "handles.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace xfsbus::c {
namespace {

/// No struct of any version is larger: a size beyond it was never set.
constexpr std::size_t size_most = 4096;

/// What the program's version of a struct has of ours, and nought for what it has not. Throws
/// Misuse if it has more than ours, and that is not nought.
template <typename T>
T read(T const* given, char const* name) {
    static_assert(std::is_trivially_copyable_v<T>);
    auto const size = need(given, name).size;
    if (size < sizeof given->size || size > size_most) {
        throw Misuse(std::string(name) + ".size is not the size of the struct");
    }
    auto const* const bytes = reinterpret_cast<unsigned char const*>(given);
    auto const known = std::min(size, sizeof(T));
    if (std::any_of(bytes + known, bytes + size, [](unsigned char byte) { return byte != 0; })) {
        throw Misuse(std::string(name) + " asks for something that this version (" +
                     xfsbus_version() + ") does not know");
    }
    T ours{};
    std::memcpy(&ours, bytes, known);
    return ours;
}

template <typename Text>
void set(Text& text, char const* given) {
    if (given != nullptr) {
        text = given;
    }
}

template <typename Text>
void set(std::vector<Text>& list, char const* const* given) {
    for (; given != nullptr && *given != nullptr; ++given) {
        list.emplace_back(*given);
    }
}

/// Whether these flags are set; each that is asked for is known.
class Flags {
  public:
    Flags(std::uint64_t flags, std::uint64_t known, char const* name) : flags_(flags) {
        if ((flags & ~known) != 0) {
            throw Misuse(std::string(name) + ".flags has one that is not known");
        }
    }

    bool operator[](std::uint64_t flag) const { return (flags_ & flag) != 0; }

  private:
    std::uint64_t flags_;
};

std::uint16_t port_of(std::uint32_t given) {
    if (given > std::numeric_limits<std::uint16_t>::max()) {
        throw Misuse("there is no port " + std::to_string(given));
    }
    return static_cast<std::uint16_t>(given);
}

std::chrono::milliseconds not_negative(std::int64_t given, char const* name) {
    if (given < 0) {
        throw Misuse(std::string(name) + " is below nought");
    }
    return milliseconds_of(given);
}

peer::AcceptPush accept_push_of(std::int32_t given) {
    switch (given) {
        case XFSBUS_ACCEPT_PUSH_NONE:
            return peer::AcceptPush::none;
        case XFSBUS_ACCEPT_PUSH_NEW_FILES:
            return peer::AcceptPush::new_files;
        case XFSBUS_ACCEPT_PUSH_REPLACE:
            return peer::AcceptPush::replace;
        default:
            throw Misuse("options.accept_push is not known");
    }
}

peer::Durability durability_of(std::int32_t given) {
    switch (given) {
        case XFSBUS_DURABILITY_POWER:
            return peer::Durability::power;
        case XFSBUS_DURABILITY_PROCESS:
            return peer::Durability::process;
        default:
            throw Misuse("options.durability is not known");
    }
}

LogLevel log_level_of(std::int64_t given) {
    switch (given) {
        case XFSBUS_LOG_DEBUG:
            return LogLevel::debug;
        case XFSBUS_LOG_INFO:
            return LogLevel::info;
        case XFSBUS_LOG_WARNING:
            return LogLevel::warning;
        case XFSBUS_LOG_ERROR:
            return LogLevel::error;
        case XFSBUS_LOG_OFF:
            return LogLevel::off;
        default:
            throw Misuse("options.log_level is not known");
    }
}

peer::PushTo push_to_of(std::int64_t given) {
    switch (given) {
        case XFSBUS_PUSH_TO_ALL:
            return peer::PushTo::all;
        case XFSBUS_PUSH_TO_ACCEPTING:
            return peer::PushTo::accepting;
        case XFSBUS_PUSH_TO_NUMBER:
            return peer::PushTo::number;
        default:
            throw Misuse("request.to is not known");
    }
}

void set_texts(peer::PeerOptions& options, xfsbus_options const& from) {
    set(options.tracker, from.tracker);
    set(options.host, from.host);
    set(options.directory, from.directory);
    set(options.download_directory, from.download_directory);
    set(options.cache_file, from.cache_file);
    set(options.policy, from.policy);
    set(options.chunk_order, from.chunk_order);
    set(options.integrity, from.integrity);
    set(options.upload_policy, from.upload_policy);
    set(options.accept_hashes, from.accept_hashes);
    set(options.plugin_directories, from.plugin_directories);
    set(options.latency_file, from.latency_file);
    set(options.labels, from.labels);
    set(options.ignore, from.ignore);
    set(options.trace_file, from.trace_file);
}

void set_figures(peer::PeerOptions& options, xfsbus_options const& from) {
    if (from.sources != 0) {
        options.sources = from.sources;
    }
    if (from.rescan_ms != 0) {
        options.rescan = milliseconds_of(std::max<std::int64_t>(from.rescan_ms, 0));
    }
    if (from.published_most != 0) {
        options.published_most = from.published_most;
    }
    options.upload_limit = from.upload_limit;
    options.download_limit = from.download_limit;
    options.transfer_upload_limit = from.transfer_upload_limit;
    options.transfer_download_limit = from.transfer_download_limit;
    options.seed = from.seed;
    options.port = port_of(from.port);
    options.data_port = port_of(from.data_port);
}

void set_choices(peer::PeerOptions& options, xfsbus_options const& from) {
    constexpr auto known = XFSBUS_OPTIONS_STRICT_POLICY | XFSBUS_OPTIONS_KEEP_MODE |
                           XFSBUS_OPTIONS_NO_HEARTBEAT | XFSBUS_OPTIONS_NO_WATCH |
                           XFSBUS_OPTIONS_NO_DEFAULT_IGNORES;
    Flags const flags(from.flags, known, "options");
    options.strict_policy = flags[XFSBUS_OPTIONS_STRICT_POLICY];
    options.keep_mode = flags[XFSBUS_OPTIONS_KEEP_MODE];
    options.heartbeat = !flags[XFSBUS_OPTIONS_NO_HEARTBEAT];
    options.watch = !flags[XFSBUS_OPTIONS_NO_WATCH];
    options.default_ignores = !flags[XFSBUS_OPTIONS_NO_DEFAULT_IGNORES];
    options.accept_push = accept_push_of(from.accept_push);
    options.durability = durability_of(from.durability);
    options.log_level = log_level_of(from.log_level);
}

/// A field that is added behind this one must not stand where an older program's struct is padded.
template <typename T, typename Last>
constexpr bool ends_with(std::size_t offset, Last T::*) {
    return offset + sizeof(Last) == sizeof(T);
}

static_assert(ends_with(offsetof(xfsbus_options, own_policies), &xfsbus_options::own_policies));
static_assert(ends_with(offsetof(xfsbus_own_policy, release), &xfsbus_own_policy::release));
static_assert(ends_with(offsetof(xfsbus_download_request, flags), &xfsbus_download_request::flags));
static_assert(ends_with(offsetof(xfsbus_subscribe_request, flags),
                        &xfsbus_subscribe_request::flags));
static_assert(ends_with(offsetof(xfsbus_open_options, flags), &xfsbus_open_options::flags));
static_assert(ends_with(offsetof(xfsbus_push_request, to), &xfsbus_push_request::to));
static_assert(ends_with(offsetof(xfsbus_publish_memory_request, manifest_bytes),
                        &xfsbus_publish_memory_request::manifest_bytes));
static_assert(ends_with(offsetof(xfsbus_publish_file_request, manifest_bytes),
                        &xfsbus_publish_file_request::manifest_bytes));
static_assert(ends_with(offsetof(xfsbus_publish_blocks_request, manifest_bytes),
                        &xfsbus_publish_blocks_request::manifest_bytes));

using Release = void (*)(void* user);

/// Calls `release`, if there is one, when nobody has it any more.
std::shared_ptr<void> owner_of(void* user, Release release) {
    return release == nullptr ? std::shared_ptr<void>(std::shared_ptr<void>(), user)
                              : std::shared_ptr<void>(user, release);
}

/// Each is owned before anything is refused: so all that can be are released.
std::vector<peer::OwnDescriptor> own_policies_of(xfsbus_own_policy const* const* given) {
    std::vector<peer::OwnDescriptor> all;
    std::optional<Misuse> mistake;
    for (; given != nullptr && *given != nullptr; ++given) {
        try {
            auto const from = read(*given, "own_policy");
            all.push_back({from.descriptor, owner_of(from.context, from.release)});
        } catch (Misuse const& refused) {
            mistake = refused;
        }
    }
    if (mistake) {
        throw Misuse(*mistake);
    }
    return all;
}

/// Bytes that a program in C reads.
class Blocks final : public peer::BlockSource {
  public:
    Blocks(xfsbus_publish_blocks_request const& from, std::shared_ptr<void const> owner)
        : bytes_(from.bytes), read_(from.read), user_(from.user), owner_(std::move(owner)) {}

    [[nodiscard]] std::uint64_t size() const override { return bytes_; }

    [[nodiscard]] Status read(std::uint64_t offset, std::span<std::byte> into) override {
        auto const code = read_(user_, offset, into.data(), into.size());
        return code == XFSBUS_OK ? done()
                                 : Error{Errc::failed, std::string("the program says '") +
                                                           xfsbus_code_name(code) + "'"};
    }

  private:
    std::uint64_t bytes_;
    int32_t (*read_)(void*, std::uint64_t, void*, std::size_t);
    void* user_;
    std::shared_ptr<void const> owner_;
};

template <typename Given>
peer::PublishRequest publishing_of(Given const& from) {
    peer::PublishRequest request;
    request.name = need_text(from.name, "request.name");
    if (from.manifest != nullptr) {
        request.manifest.assign(static_cast<char const*>(from.manifest), from.manifest_bytes);
    }
    return request;
}

}  // namespace

peer::PeerOptions options_of(xfsbus_options const* given) {
    peer::PeerOptions options;
    if (given != nullptr) {
        auto const from = read(given, "options");
        options.log = log_of(from);
        options.own_policies.descriptors = own_policies_of(from.own_policies);
        set_texts(options, from);
        set_figures(options, from);
        set_choices(options, from);
    }
    return options;
}

peer::DownloadRequest request_of(xfsbus_download_request const* given) {
    auto const from = read(given, "request");
    Flags const flags(from.flags, XFSBUS_DOWNLOAD_FORCE | XFSBUS_DOWNLOAD_REPAIR, "request");
    peer::DownloadRequest request;
    request.name = need_text(from.name, "request.name");
    set(request.out, from.out);
    request.force = flags[XFSBUS_DOWNLOAD_FORCE];
    request.repair = flags[XFSBUS_DOWNLOAD_REPAIR];
    request.sources = from.sources;
    request.wait = not_negative(from.wait_ms, "request.wait_ms");
    request.play_bytes_per_second = from.play_bytes_per_second;
    return request;
}

peer::SubscribeRequest request_of(xfsbus_subscribe_request const* given) {
    auto const from = read(given, "request");
    Flags const flags(from.flags, XFSBUS_SUBSCRIBE_PEERS, "request");
    peer::SubscribeRequest request;
    set(request.files, from.pattern);
    request.peers = flags[XFSBUS_SUBSCRIBE_PEERS];
    return request;
}

peer::PushRequest request_of(xfsbus_push_request const* given) {
    auto const from = read(given, "request");
    peer::PushRequest request;
    request.name = need_text(from.name, "request.name");
    request.to = push_to_of(from.to);
    request.peers = from.peers;
    if (from.patience_ms != 0) {
        request.patience = not_negative(from.patience_ms, "request.patience_ms");
    }
    return request;
}

peer::PublishRequest request_of(xfsbus_publish_memory_request const* given) {
    auto const from = read(given, "request");
    auto const owner = owner_of(from.user, from.release);
    auto request = publishing_of(from);
    if (from.data == nullptr && from.data_bytes != 0) {
        throw Misuse("request.data is NULL");
    }
    std::span const bytes(static_cast<std::byte const*>(from.data), from.data_bytes);
    request.what = from.release != nullptr
                       ? peer::OwnedBytes{bytes, owner}
                       : peer::owned(std::vector<std::byte>(bytes.begin(), bytes.end()));
    return request;
}

peer::PublishRequest request_of(xfsbus_publish_file_request const* given) {
    auto const from = read(given, "request");
    auto request = publishing_of(from);
    request.what = std::filesystem::path(need_text(from.path, "request.path"));
    return request;
}

peer::PublishRequest request_of(xfsbus_publish_blocks_request const* given) {
    auto const from = read(given, "request");
    auto owner = owner_of(from.user, from.release);
    auto request = publishing_of(from);
    if (from.read == nullptr) {
        throw Misuse("request.read is NULL");
    }
    request.what =
        std::shared_ptr<peer::BlockSource>(std::make_shared<Blocks>(from, std::move(owner)));
    return request;
}

Opening opening_of(xfsbus_open_options const* given) {
    Opening opening;
    if (given != nullptr) {
        auto const from = read(given, "options");
        Flags const flags(from.flags, XFSBUS_OPEN_FORCE | XFSBUS_OPEN_REPAIR | XFSBUS_OPEN_KEEP,
                          "options");
        opening.options = {.force = flags[XFSBUS_OPEN_FORCE],
                           .repair = flags[XFSBUS_OPEN_REPAIR],
                           .sources = from.sources,
                           .wait = not_negative(from.wait_ms, "options.wait_ms"),
                           .bytes_per_second = from.bytes_per_second,
                           .keep = flags[XFSBUS_OPEN_KEEP]};
        opening.stop = from.stop == nullptr ? std::stop_token() : from.stop->source.get_token();
    }
    return opening;
}

}  // namespace xfsbus::c
