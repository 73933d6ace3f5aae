#include "allocations.hpp"

#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local std::size_t counted = 0;

void count(std::size_t bytes) {
    if (counting) {
        counted += bytes;
    }
}

}  // namespace

// The linker sends every call of malloc and realloc in this program here (--wrap).
extern "C" {
void* __real_malloc(std::size_t size);
void* __real_realloc(void* memory, std::size_t size);
void* __wrap_malloc(std::size_t size);
void* __wrap_realloc(void* memory, std::size_t size);

void* __wrap_malloc(std::size_t size) {
    count(size);
    return __real_malloc(size);
}

void* __wrap_realloc(void* memory, std::size_t size) {
    count(size);
    return __real_realloc(memory, size);
}
}

void* operator new(std::size_t size) {
    if (void* const memory = std::malloc(size == 0 ? 1 : size)) {
        return memory;
    }
    throw std::bad_alloc();
}

void* operator new(std::size_t size, std::nothrow_t const&) noexcept {
    return std::malloc(size == 0 ? 1 : size);
}

void operator delete(void* memory) noexcept {
    std::free(memory);
}

void operator delete(void* memory, std::size_t) noexcept {
    std::free(memory);
}

namespace xfsbus {

AllocationCount::AllocationCount() {
    counted = 0;
    counting = true;
}

AllocationCount::~AllocationCount() {
    counting = false;
}

std::size_t AllocationCount::bytes() const {
    return counted;
}

}  // namespace xfsbus
