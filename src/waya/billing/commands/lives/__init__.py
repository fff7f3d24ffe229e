"""What happens to subscriptions that costs money: changes of plan, pauses, ends, usage."""
