// The layout of ABI 2 on machines of 64 bits, as it was when that began, and as it has grown since.
// A line may be added at the end of a struct, with a new field; no line may ever change or go.
#include "catch.hpp"

#include <xfsbus/policies/abi.h>

#include <cstddef>
#include <string_view>

namespace {

struct Field {
    std::string_view type;
    std::string_view name;
    std::size_t is_at;
    std::size_t has_bytes;
    std::size_t type_bytes;
    std::size_t was_at;
    std::size_t had_bytes;
};

#define FIELD(type, name, at, bytes)                                                    \
    Field {                                                                             \
#type, #name, offsetof(type, name), sizeof(type::name), sizeof(type), at, bytes \
    }

constexpr Field fields[] = {
    FIELD(xfsbus_parameter_info, size, 0, 4),
    FIELD(xfsbus_parameter_info, name, 8, 8),
    FIELD(xfsbus_parameter_info, default_value, 16, 8),
    FIELD(xfsbus_parameter_info, description, 24, 8),
    FIELD(xfsbus_parameter, size, 0, 4),
    FIELD(xfsbus_parameter, name, 8, 8),
    FIELD(xfsbus_parameter, value, 16, 8),
    FIELD(xfsbus_random, size, 0, 4),
    FIELD(xfsbus_random, state, 8, 8),
    FIELD(xfsbus_random, next, 16, 8),
    FIELD(xfsbus_services, size, 0, 4),
    FIELD(xfsbus_services, host, 8, 8),
    FIELD(xfsbus_services, log, 16, 8),
    FIELD(xfsbus_services, now_us, 24, 8),
    FIELD(xfsbus_services, shared, 32, 8),
    FIELD(xfsbus_services, labels, 40, 8),
    FIELD(xfsbus_services, context, 48, 8),
    FIELD(xfsbus_request, size, 0, 4),
    FIELD(xfsbus_request, purpose, 4, 4),
    FIELD(xfsbus_request, now_us, 8, 8),
    FIELD(xfsbus_request, transfer, 16, 8),
    FIELD(xfsbus_request, file_bytes, 24, 8),
    FIELD(xfsbus_request, bytes, 32, 8),
    FIELD(xfsbus_request, left_bytes, 40, 8),
    FIELD(xfsbus_request, outstanding_bytes, 48, 8),
    FIELD(xfsbus_request, outstanding_most, 56, 8),
    FIELD(xfsbus_request, chunk, 64, 4),
    FIELD(xfsbus_request, copies, 68, 4),
    FIELD(xfsbus_request, places, 72, 4),
    FIELD(xfsbus_request, places_used, 76, 4),
    FIELD(xfsbus_request, held_us, 80, 8),
    FIELD(xfsbus_source, size, 0, 4),
    FIELD(xfsbus_source, flags, 4, 4),
    FIELD(xfsbus_source, source_id, 8, 8),
    FIELD(xfsbus_source, endpoint, 16, 8),
    FIELD(xfsbus_source, labels, 24, 8),
    FIELD(xfsbus_source, latency_ms, 32, 8),
    FIELD(xfsbus_source, rate_bytes_per_s, 40, 8),
    FIELD(xfsbus_source, completeness, 48, 8),
    FIELD(xfsbus_source, outstanding_bytes, 56, 8),
    FIELD(xfsbus_source, window_bytes, 64, 8),
    FIELD(xfsbus_source, delivered_bytes, 72, 8),
    FIELD(xfsbus_source, duplicate_bytes, 80, 8),
    FIELD(xfsbus_source, in_use_us, 88, 8),
    FIELD(xfsbus_source, silent_us, 96, 8),
    FIELD(xfsbus_source, requests, 104, 4),
    FIELD(xfsbus_source, load, 108, 4),
    FIELD(xfsbus_source, failures, 112, 4),
    FIELD(xfsbus_source, failures_in_a_row, 116, 4),
    FIELD(xfsbus_source, held_bytes, 120, 8),
    FIELD(xfsbus_source, history_bytes_per_s, 128, 8),
    FIELD(xfsbus_source, history_age_us, 136, 8),
    FIELD(xfsbus_source, completeness_age_us, 144, 8),
    FIELD(xfsbus_outcome, size, 0, 4),
    FIELD(xfsbus_outcome, reason, 4, 4),
    FIELD(xfsbus_outcome, transfer, 8, 8),
    FIELD(xfsbus_outcome, bytes, 16, 8),
    FIELD(xfsbus_outcome, elapsed_us, 24, 8),
    FIELD(xfsbus_outcome, queued_bytes, 32, 8),
    FIELD(xfsbus_outcome, queued, 40, 4),
    FIELD(xfsbus_outcome, chunk, 44, 4),
    FIELD(xfsbus_answer, size, 0, 4),
    FIELD(xfsbus_answer, action, 4, 4),
    FIELD(xfsbus_answer, source, 8, 4),
    FIELD(xfsbus_answer, gives_way, 12, 4),
    FIELD(xfsbus_answer, again_us, 16, 8),
    FIELD(xfsbus_answer, bytes, 24, 8),
    FIELD(xfsbus_peer_selector_operations, size, 0, 4),
    FIELD(xfsbus_peer_selector_operations, purposes, 4, 4),
    FIELD(xfsbus_peer_selector_operations, pick, 8, 8),
    FIELD(xfsbus_peer_selector_operations, cost, 16, 8),
    FIELD(xfsbus_peer_selector_operations, observe, 24, 8),
    FIELD(xfsbus_peer_selector_operations, decides, 32, 8),
    FIELD(xfsbus_peer_selector_operations, decide, 40, 8),
    FIELD(xfsbus_integrity_operations, size, 0, 4),
    FIELD(xfsbus_integrity_operations, digest_size, 8, 8),
    FIELD(xfsbus_integrity_operations, update, 16, 8),
    FIELD(xfsbus_integrity_operations, finish, 24, 8),
    FIELD(xfsbus_chunk, size, 0, 4),
    FIELD(xfsbus_chunk, chunk, 4, 4),
    FIELD(xfsbus_chunk, chunks, 8, 4),
    FIELD(xfsbus_chunk, copies, 12, 4),
    FIELD(xfsbus_chunk, sources, 16, 4),
    FIELD(xfsbus_chunk, bytes, 24, 8),
    FIELD(xfsbus_chunk, offset_bytes, 32, 8),
    FIELD(xfsbus_chunk, play_head_bytes, 40, 8),
    FIELD(xfsbus_chunk, play_bytes_per_s, 48, 8),
    FIELD(xfsbus_chunk_order_operations, size, 0, 4),
    FIELD(xfsbus_chunk_order_operations, rank, 8, 8),
    FIELD(xfsbus_handout_request, size, 0, 4),
    FIELD(xfsbus_handout_request, wanted, 4, 4),
    FIELD(xfsbus_handout_request, file_bytes, 8, 8),
    FIELD(xfsbus_handout_request, asker_host, 16, 8),
    FIELD(xfsbus_handout_request, asker_labels, 24, 8),
    FIELD(xfsbus_handout_source, size, 0, 4),
    FIELD(xfsbus_handout_source, flags, 4, 4),
    FIELD(xfsbus_handout_source, source_id, 8, 8),
    FIELD(xfsbus_handout_source, draw, 16, 8),
    FIELD(xfsbus_handout_source, host, 24, 8),
    FIELD(xfsbus_handout_source, labels, 32, 8),
    FIELD(xfsbus_handout_source, completeness, 40, 8),
    FIELD(xfsbus_handout_source, port, 48, 4),
    FIELD(xfsbus_handout_source, load, 52, 4),
    FIELD(xfsbus_handout_operations, size, 0, 4),
    FIELD(xfsbus_handout_operations, rank, 8, 8),
    FIELD(xfsbus_upload_request, size, 0, 4),
    FIELD(xfsbus_upload_request, places, 4, 4),
    FIELD(xfsbus_upload_request, now_us, 8, 8),
    FIELD(xfsbus_upload_sink, size, 0, 4),
    FIELD(xfsbus_upload_sink, copies, 4, 4),
    FIELD(xfsbus_upload_sink, sink_id, 8, 8),
    FIELD(xfsbus_upload_sink, draw, 16, 8),
    FIELD(xfsbus_upload_sink, content, 24, 8),
    FIELD(xfsbus_upload_sink, bytes, 32, 8),
    FIELD(xfsbus_upload_sink, share_bytes, 40, 8),
    FIELD(xfsbus_upload_sink, waits_us, 48, 8),
    FIELD(xfsbus_upload_sink, served_us, 56, 8),
    FIELD(xfsbus_upload_sink, host, 64, 8),
    FIELD(xfsbus_upload_sink, delivers_bytes_per_s, 72, 8),
    FIELD(xfsbus_upload_choice_operations, size, 0, 4),
    FIELD(xfsbus_upload_choice_operations, rank, 8, 8),
    FIELD(xfsbus_descriptor, size, 0, 4),
    FIELD(xfsbus_descriptor, magic, 4, 4),
    FIELD(xfsbus_descriptor, abi_version, 8, 4),
    FIELD(xfsbus_descriptor, parameter_count, 12, 4),
    FIELD(xfsbus_descriptor, kind, 16, 8),
    FIELD(xfsbus_descriptor, name, 24, 8),
    FIELD(xfsbus_descriptor, version, 32, 8),
    FIELD(xfsbus_descriptor, description, 40, 8),
    FIELD(xfsbus_descriptor, parameters, 48, 8),
    FIELD(xfsbus_descriptor, operations, 56, 8),
    FIELD(xfsbus_descriptor, create, 64, 8),
    FIELD(xfsbus_descriptor, destroy, 72, 8),
};

}  // namespace

TEST_CASE("Every field of ABI 2 is where it was, and as large") {
    if constexpr (sizeof(void*) != 8) {
        return;
    }
    for (auto const& field : fields) {
        INFO(field.type << "." << field.name);
        CHECK(field.is_at == field.was_at);
        CHECK(field.has_bytes == field.had_bytes);
    }
}

TEST_CASE("Every struct of ABI 2 begins with its size, and none ends in padding") {
    for (auto const* field = std::begin(fields); field != std::end(fields); ++field) {
        INFO(field->type << "." << field->name);
        bool const is_first = field == std::begin(fields) || field[-1].type != field->type;
        bool const is_last = field + 1 == std::end(fields) || field[1].type != field->type;
        CHECK((!is_first || (field->name == "size" && field->is_at == 0)));
        CHECK((!is_last || field->is_at + field->has_bytes == field->type_bytes));
    }
}

TEST_CASE("The numbers of ABI 2 are what they were") {
    CHECK(XFSBUS_POLICY_MAGIC == 0x58465350U);
    CHECK(XFSBUS_POLICY_ABI == 2U);
    CHECK(std::string_view(XFSBUS_POLICY_SYMBOL) == "xfsbus_policy_descriptor");
    CHECK(XFSBUS_POLICY_OK == 0);
    CHECK(XFSBUS_POLICY_NONE == -1);
    CHECK(XFSBUS_POLICY_FAILED == -2);
    CHECK(XFSBUS_PURPOSE_REQUEST == 0U);
    CHECK(XFSBUS_PURPOSE_DUPLICATE == 1U);
    CHECK(XFSBUS_PURPOSE_ADMIT == 2U);
    CHECK(XFSBUS_PURPOSE_RANK == 3U);
    CHECK(XFSBUS_PURPOSE_REPLACE == 4U);
    CHECK(XFSBUS_PURPOSE_WINDOW == 5U);
    CHECK(XFSBUS_PURPOSE_TOTAL == 6U);
    CHECK(XFSBUS_NO_CHUNK == 0xffffffffU);
    CHECK(XFSBUS_SOURCE_IN_USE == 1U);
    CHECK(XFSBUS_SOURCE_ANSWERABLE == 2U);
    CHECK(XFSBUS_SOURCE_HAS_CHUNK == 4U);
    CHECK(XFSBUS_SOURCE_HAS_ROOM == 8U);
    CHECK(XFSBUS_SOURCE_SOLE_HOLDER == 16U);
    CHECK(XFSBUS_SOURCE_LEAVING == 32U);
    CHECK(XFSBUS_HANDOUT_SOURCE_COMPLETE == 1U);
    CHECK(XFSBUS_ANSWER_DEFAULT == 0U);
    CHECK(XFSBUS_ANSWER_CHOOSE == 1U);
    CHECK(XFSBUS_ANSWER_WAIT_FOR == 2U);
    CHECK(XFSBUS_ANSWER_NONE == 3U);
    CHECK(XFSBUS_ANSWER_LIMIT == 4U);
    CHECK(XFSBUS_OUTCOME_DELIVERED == 0U);
    CHECK(XFSBUS_OUTCOME_DUPLICATE == 1U);
    CHECK(XFSBUS_OUTCOME_LATE == 2U);
    CHECK(XFSBUS_OUTCOME_REFUSED == 3U);
    CHECK(XFSBUS_OUTCOME_LOST == 4U);
    CHECK(XFSBUS_OUTCOME_CORRUPT == 5U);
}
