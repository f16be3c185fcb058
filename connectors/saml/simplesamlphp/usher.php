<?php

// Makes Usher's filter known: require_once this file in SimpleSAMLphp's config.php.
spl_autoload_register(static function (string $class): void {
    if (str_starts_with($class, 'Usher\\')) {
        require_once __DIR__ . '/' . substr($class, strlen('Usher\\')) . '.php';
    }
});
