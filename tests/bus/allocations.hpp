#pragma once

#include <cstddef>

namespace xfsbus {

/// Counts the bytes that the thread it lives on asks the heap for: by operator new, and by malloc
/// where that is called from this program's own objects (msgpack's zones do so).
class AllocationCount {
  public:
    AllocationCount();
    ~AllocationCount();
    AllocationCount(AllocationCount const&) = delete;
    AllocationCount& operator=(AllocationCount const&) = delete;

    [[nodiscard]] std::size_t bytes() const;
};

}  // namespace xfsbus
