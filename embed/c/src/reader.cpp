#include "guard.hpp"
#include "handles.hpp"
#include "requests.hpp"

#include <xfsbus/peer/peer.hpp>
#include <xfsbus/peer/reader.hpp>
#include <xfsbus/xfsbus.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>
#include <utility>

namespace {

using namespace xfsbus;
using namespace xfsbus::c;

peer::Reader const& the(xfsbus_reader const* handle) {
    return need(handle, "reader").reader;
}

}  // namespace

xfsbus_code xfsbus_stop_create(xfsbus_stop** stop, xfsbus_error* error) {
    return handed_out(error, stop, "stop", [] { return Result(std::stop_source()); });
}

void xfsbus_stop_free(xfsbus_stop* stop) {
    delete stop;
}

void xfsbus_stop_request(xfsbus_stop* stop) {
    if (stop != nullptr) {
        stop->source.request_stop();
    }
}

xfsbus_code xfsbus_peer_open(xfsbus_peer* peer, char const* name,
                             xfsbus_open_options const* options, int64_t timeout_ms,
                             xfsbus_reader** reader, xfsbus_error* error) {
    return handed_out(error, reader, "reader", [&] {
        auto [how, stop] = opening_of(options);
        auto wait = wait_of(timeout_ms);
        wait.stop = std::move(stop);
        return the(peer).open(need_text(name, "name"), how, wait);
    });
}

void xfsbus_reader_free(xfsbus_reader* reader) {
    delete reader;
}

char const* xfsbus_reader_name(xfsbus_reader const* reader) {
    return reader == nullptr ? "" : reader->reader.name().c_str();
}

char const* xfsbus_reader_content(xfsbus_reader const* reader) {
    return reader == nullptr ? "" : reader->reader.content().c_str();
}

uint64_t xfsbus_reader_size(xfsbus_reader const* reader) {
    return reader == nullptr ? 0 : reader->reader.size();
}

xfsbus_code xfsbus_reader_read(xfsbus_reader const* reader, uint64_t offset, void* buffer,
                               size_t buffer_size, int64_t timeout_ms, size_t* bytes_read,
                               xfsbus_error* error) {
    return guarded(error, [&] {
        auto& to = need(bytes_read, "bytes_read");
        to = 0;
        std::span const room(&need(static_cast<std::byte*>(buffer), "buffer"), buffer_size);
        auto const read = the(reader).read(offset, room, wait_of(timeout_ms));
        to = read ? *read : 0;
        return error_of(read);
    });
}

xfsbus_code xfsbus_reader_wait_until_whole(xfsbus_reader const* reader, int64_t timeout_ms,
                                           xfsbus_error* error) {
    return guarded(error,
                   [&] { return error_of(the(reader).wait_until_whole(wait_of(timeout_ms))); });
}
